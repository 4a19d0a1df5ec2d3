// Package starttls has a server that speaks another protocol go over to TLS: what a client of
// SMTP, IMAP, POP3, LDAP, PostgreSQL, MySQL or XMPP says before its ClientHello, and what it may
// take for an answer.
//
// All of it is in the clear, and whoever sits on the way can write it anew: take the offer of TLS
// out (a stripping attack), or put words behind the server's last line that the client would
// afterwards take for words under TLS (CVE-2011-0411 is the same at a server). So this package
// goes on with TLS or not at all, and refuses what comes in the clear where a TLS record should.
//
// It is not TLS, which begins when Ask has returned, and no client of those protocols: it logs in
// nowhere, and has no secrets to say. Who recognizes these protocols in a recording is package explain.
//
// Read ask.go first, then one protocol: postgres.go is the shortest, smtp.go the best known.
package starttls
