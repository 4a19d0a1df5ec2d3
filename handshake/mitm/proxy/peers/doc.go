// Package peers holds tests only: the capture proxy between clients and servers that others
// wrote, as they are installed.
//
// What a client gets through the proxy is held against what the same client gets without it,
// line by line: a relay is believed only if nobody can tell that it is there. The clients are
// curl, Python, Node, Java, git, Chromium and gRPC's for Python; the servers nginx, Node, gRPC's and
// net/http; h2load is the load. What the proxy's relay takes for a message is also read by the
// parsers of net/http, Node and nginx (readers_test.go): no two of them may find different ones.
//
// Where a program is not installed its tests are skipped, and with CI=true they fail.
//
// What is not here: what peers of our own making do to the proxy, which is tested beside it, and
// the command, which keeps its tests.
//
// Read lab_test.go first: a site, a proxy, a program. clients_test.go is the table of clients.
package peers
