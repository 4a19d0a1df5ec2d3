package narrate

import "embed"

// files are all but hint.txt: hints are about live handshakes, which a page in a browser has none
// of, and the offline lab is to stay small.
//
//go:embed en/[^h]*.txt zh/[^h]*.txt
var files embed.FS
