"""The app of a company that records its calls: Twilio's webhooks, and the pages that staff use.

It is an example, and it is deployed as it is: `gunicorn "callpanel:create_app()"`. It uses only
the public names of twirec.
"""

from callpanel.factory import create_app

__all__ = ["create_app"]
