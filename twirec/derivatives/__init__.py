"""What is made of recordings, and kept beside them: converted files and listening copies."""
