// Package lab answers an address with a lesson: it reads the switches out of the address, plays
// what they say, and writes the page, with the switches above it. Where the switches make no lesson
// it writes the command's own sentence about that, and links that leave one of them out.
//
// It has no socket and no file. The command tlslab web serves it on loopback, and the offline lab
// has it in a browser; replays, which need a bank on a disk, are given to it by whoever has one.
//
// Read question.go, which is the address, then lab.go.
package lab
