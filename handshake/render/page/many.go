package page

// A page is searched, printed and read without scripts, so all of it is in the document, as long
// as a browser can open that at once. Of a connection with more than these messages every one has
// its line; the first ones, with which keys are made and trust is, have all that is under it too,
// and the one that was asked for (Options.Message).
const (
	manyMessages  = 300
	firstMessages = 200
)

// many reports whether a page has that many.
func (d *document) many() bool {
	n := 0
	for _, a := range d.ladder.acts {
		n += a.arrows
	}
	return n > manyMessages
}

// whole reports whether what is under an arrow is in the document.
func (d *document) whole(r *row) bool {
	return !d.crowded || r.n <= firstMessages || r.n == d.o.Message
}
