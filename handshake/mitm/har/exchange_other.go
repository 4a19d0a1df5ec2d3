//go:build !linux

package har

// swapNames swaps by hard links.
func swapNames(a, b string) error { return swapByLink(a, b) }
