// Package interop holds tests only: ends of package tls against those that others wrote.
//
// The peers are crypto/tls in the same process, OpenSSL (s_server and s_client), GnuTLS
// (gnutls-serv and gnutls-cli) and curl, the programs as they are installed. Each is asked
// for handshakes of TLS 1.2 and TLS 1.3, once as the server of our client and once as the
// client of our server: suites, groups, kinds of certificate, signature schemes, client
// certificates, resumption, external keys, early data, key updates, extensions, and what
// either end must refuse.
//
// Where a program is not installed its tests are skipped, and with CI=true they fail.
//
// What is not here: the promises of tls.Conn as a net.Conn, which are tested beside it,
// also where the other end is crypto/tls (Abort, False Start, HTTP); our two ends against
// each other; the benchmarks; and the known answers for which the tests of other packages
// ask openssl once.
//
// Read peers_test.go first: it is the table of the peers.
package interop
