//go:build !unix

package main

import "os"

// columns is 0, for the default: consoles elsewhere are asked in other ways, and
// --width is at hand.
func columns(*os.File) int { return 0 }
