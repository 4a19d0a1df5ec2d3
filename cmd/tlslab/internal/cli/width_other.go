//go:build !unix

package cli

import "os"

// Columns is 0, for the default: consoles elsewhere are asked in other ways, and
// --width is at hand.
func Columns(*os.File) int { return 0 }

// Rows is 0 as well, and so there is no pager.
func Rows(*os.File) int { return 0 }
