// Package switches is a lesson's options in words: by the names and with the values that the
// flags of tlslab run have, which an address of the lab has too. Lesson is the words, and makes
// scenario.Options of them; All lists the switches, for whoever draws them or compares them.
//
// What contradicts what package scenario knows. Here it is said in the words that were used:
// an Error has the sentence of the command line, and what to do.
//
// It reads no command line and no address, and plays nothing. Names of groups under private
// numbers and every way to compress a certificate are known here, so whoever links this package
// links those.
//
// Read lesson.go first, then list.go.
package switches
