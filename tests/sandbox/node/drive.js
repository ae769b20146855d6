// Drives the sandbox with the official Node library, as docs/sandbox.md shows it, and prints what
// came of it as JSON. The numbers are given as arguments: from, to.
const twilio = require("twilio");

const { TWIREC_TWILIO_API_URL, TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN } = process.env;

class ToSandbox extends twilio.RequestClient {
  request(options) {
    const uri = options.uri.replace(/^https:\/\/[\w.-]+\.twilio\.com/, TWIREC_TWILIO_API_URL);
    return super.request({ ...options, uri });
  }
}

const client = twilio(TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, { httpClient: new ToSandbox() });

async function main([from, to]) {
  const pages = await client.recordings.list({ pageSize: 2 });
  const twiml = new twilio.twiml.VoiceResponse();
  twiml.pause({ length: 9000 });
  const call = await client.calls.create({ from, to, twiml: twiml.toString() });
  let status = call.status;
  while (status !== "in-progress") {
    status = (await client.calls(call.sid).fetch()).status;
  }
  const recording = await client.calls(call.sid).recordings.create({ recordingChannels: "dual" });
  await client.calls(call.sid).recordings(recording.sid).update({ status: "stopped" });
  const ended = await client.calls(call.sid).update({ status: "completed" });
  const refused = await client.keys.list().catch((error) => [error.status, error.message]);
  console.log(
    JSON.stringify({
      recordings: pages.map((each) => each.sid),
      call: call.sid,
      direction: ended.direction,
      started: recording.startTime.toISOString(),
      channels: recording.channels,
      refused,
    }),
  );
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
