"""The main job driven from outside, as users would: CI over REST, a reviewer in the admin, clients at the gateway."""
