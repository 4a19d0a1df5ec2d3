package page

// secrets is the grid of what was computed.
func (d *document) secrets() {}
