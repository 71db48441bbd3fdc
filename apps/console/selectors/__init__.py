"""What each page shows, read across the apps."""
