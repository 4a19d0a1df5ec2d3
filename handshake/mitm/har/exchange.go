package har

import "os"

// exchange swaps the names of two files. There is a file named a at every instant, and
// it is one of the two. A test has a file system that cannot do so.
var exchange = swapNames

// swapByLink is exchange where the system has no call for it. Killed in the midst of it,
// b is missing, and the file that would be b has the name b.spare.
func swapByLink(a, b string) error {
	spare := b + ".spare"
	_ = os.Remove(spare) // of one that was killed
	if err := os.Link(a, spare); err != nil {
		return err
	}
	if err := os.Rename(b, a); err != nil {
		_ = os.Remove(spare)
		return err
	}
	return os.Rename(spare, b)
}
