"""The live page: a camera or a clip in the browser, landmarks and glosses from this machine."""
