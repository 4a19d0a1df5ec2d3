package page

import "slices"

// ClassNames are the classes that a page is written with.
func ClassNames() []string { return slices.Clone(classNames[noClass+1:]) }
