// Package lists is the verbs that list what flags take by name: groups, with their sizes and
// their speed, and list, of suites, schemes, certificates and the states of a handshake.
//
// It makes no handshake. Read list.go first.
package lists
