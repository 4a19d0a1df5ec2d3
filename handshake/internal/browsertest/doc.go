// Package browsertest opens pages in a real Chromium, one browser for a test binary and a
// tab of its own for each test: it clicks with a mouse and types with keys, reads what is on
// the page, and reports whatever the page had no business with (a line on the console, a
// request, a breach of its Content-Security-Policy, a dialog).
//
// It is for tests alone, and no part of what the module promises: the command and the library
// link neither it nor the module by which it speaks to the browser. It knows nothing of TLS
// and nothing of what our pages look like.
//
// Read chromium.go, which starts the browser, then tab.go.
package browsertest
