//go:build !js

package narrate

import "embed"

//go:embed en/*.txt zh/*.txt
var files embed.FS
