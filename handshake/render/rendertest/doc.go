// Package rendertest has what the tests of render's packages share: lessons that between
// them have every kind of event, and files that hold what was shown. No program imports it.
//
// Read rendertest.go, which is all there is.
package rendertest
