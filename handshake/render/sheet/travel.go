package sheet

import "github.com/fatih/color"

// How a message travels, by colour. A mark says the same beside it: the arrow points, a double
// line is encrypted, and the word stands at the end of the line.

// Sent goes to the right, as a client's messages do.
func (p Paint) Sent(s string) string { return p.with(s, BoldStyle, color.FgBlue, color.Bold) }

// Received goes to the left.
func (p Paint) Received(s string) string { return p.with(s, BoldStyle, color.FgCyan, color.Bold) }

// InClear can be read by everybody on the way.
func (p Paint) InClear(s string) string { return p.with(s, BadStyle, color.FgRed) }

// Encrypted cannot.
func (p Paint) Encrypted(s string) string { return p.with(s, GoodStyle, color.FgGreen) }
