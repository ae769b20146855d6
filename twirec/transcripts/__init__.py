"""What is said in recordings, in writing: made by a machine, kept and guarded like its sound."""
