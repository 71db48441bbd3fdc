"""What travels inside the artifact as code. Nothing here may import Quartet; this file itself stays at home."""
