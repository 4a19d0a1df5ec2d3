// Package flags is the flags that mean the same in every verb that has them: what an end offers
// (flags.go), its switches (whatif.go), its pre-shared key (psk.go), the file of packets
// (pcap.go), and the names that these flags take (groups.go, kinds.go).
//
// It has no verb. What a verb does with a flag is in the verb's room: lesson, live, capture,
// trust, lists. Read flags.go first.
package flags
