"""One file a revision, in order; none is changed once it has been released."""
