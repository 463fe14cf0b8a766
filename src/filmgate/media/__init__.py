"""Video files: written, measured and pictured. Nothing here knows what a video is for."""
