// Package idn is names beyond ASCII: what a person types, and what the protocol carries.
//
// The domain name system, server_name (RFC 6066 §3) and a certificate's dNSName (RFC 5280
// §7.2) hold ASCII only. A label of another script travels in a form of its own, the
// A-label: 例子 is xn--fsqu00a. What people write is the U-label (RFC 5890 §2.3.2.1).
//
//   - ToASCII is the way in: for the names that a person types.
//   - ToUnicode and BothForms are the way out: for the names that a person reads.
//
// In between there are A-labels alone: they are what is compared (RFC 9525 §6.3). So the
// engine does not know this package, and refuses any other name.
//
// The tables of Unicode and its mapping (UTS #46) are golang.org/x/net/idna's. Read
// ascii.go first.
package idn
