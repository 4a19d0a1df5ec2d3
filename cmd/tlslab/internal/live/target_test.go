package live

import (
	"errors"
	"strings"
	"testing"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/starttls"
)

// What --connect may say, and whom that means.
func TestTargets(t *testing.T) {
	for _, x := range []struct {
		typed                      string
		by                         starttls.Protocol
		host, address, shown, path string
	}{
		{"localhost:8443", "", "localhost", "localhost:8443", "localhost:8443", ""},
		{"localhost", "", "localhost", "localhost:443", "localhost:443", ""},
		{"localhost:https", "", "localhost", "localhost:https", "localhost:https", ""},
		{":8443", "", "", ":8443", ":8443", ""},
		{"127.0.0.1", "", "127.0.0.1", "127.0.0.1:443", "127.0.0.1:443", ""},
		{"::1", "", "::1", "[::1]:443", "[::1]:443", ""},
		{"[::1]", "", "::1", "[::1]:443", "[::1]:443", ""},
		{"[::1]:8443", "", "::1", "[::1]:8443", "[::1]:8443", ""},
		{"2001:db8::a", "", "2001:db8::a", "[2001:db8::a]:443", "[2001:db8::a]:443", ""},
		{"2001:db8::1", "", "2001:db8::1", "[2001:db8::1]:443", "[2001:db8::1]:443", ""},
		{"1:2:3:4:5:6:7:443", "", "1:2:3:4:5:6:7:443", "[1:2:3:4:5:6:7:443]:443", "[1:2:3:4:5:6:7:443]:443", ""},
		{"fe80::1%lo", "", "fe80::1%lo", "[fe80::1%lo]:443", "[fe80::1%lo]:443", ""},
		{"bücher.example", "", "xn--bcher-kva.example", "xn--bcher-kva.example:443", "bücher.example:443", ""},
		{"https://localhost", "", "localhost", "localhost:443", "localhost:443", ""},
		{"https://localhost/", "", "localhost", "localhost:443", "localhost:443", ""},
		{"HTTPS://localhost:8443/a/b?c#d", "", "localhost", "localhost:8443", "localhost:8443", "/a/b?c#d"},
		{"https://localhost?q", "", "localhost", "localhost:443", "localhost:443", "?q"},
		{"https://[::1]/x", "", "::1", "[::1]:443", "[::1]:443", "/x"},
		{"https://[::1]:8443", "", "::1", "[::1]:8443", "[::1]:8443", ""},
		{"https://bücher.example/ü", "", "xn--bcher-kva.example", "xn--bcher-kva.example:443", "bücher.example:443", "/ü"},
		{"imaps://mail.test", "", "mail.test", "mail.test:993", "mail.test:993", ""},
		{"smtps://mail.test", "", "mail.test", "mail.test:465", "mail.test:465", ""},
		{"ldaps://mail.test:1636", "", "mail.test", "mail.test:1636", "mail.test:1636", ""},
		{"mail.test", starttls.SMTP, "mail.test", "mail.test:25", "mail.test:25", ""},
		{"mail.test:587", starttls.SMTP, "mail.test", "mail.test:587", "mail.test:587", ""},
		{"submission://mail.test", starttls.SMTP, "mail.test", "mail.test:587", "mail.test:587", ""},
		{"imap://mail.test/INBOX", starttls.IMAP, "mail.test", "mail.test:143", "mail.test:143", "/INBOX"},
		{"mail.test", starttls.POP3, "mail.test", "mail.test:110", "mail.test:110", ""},
		{"::1", starttls.LDAP, "::1", "[::1]:389", "[::1]:389", ""},
		{"postgresql://db.test/shop", starttls.Postgres, "db.test", "db.test:5432", "db.test:5432", "/shop"},
		{"db.test", starttls.MySQL, "db.test", "db.test:3306", "db.test:3306", ""},
		{"xmpp.test", starttls.XMPP, "xmpp.test", "xmpp.test:5222", "xmpp.test:5222", ""},
		{"xmpp://xmpp.test", starttls.XMPPServer, "xmpp.test", "xmpp.test:5269", "xmpp.test:5269", ""},
	} {
		got, err := targetOf(x.typed, x.by)
		if want := (target{x.host, x.address, x.shown, x.path}); got != want || err != nil {
			t.Errorf("%s by %q: %+v, %v, want %+v", x.typed, x.by, got, err, want)
		}
	}
}

// What it may not, and what is said of it. A password is never repeated.
func TestNoTargets(t *testing.T) {
	for _, x := range []struct {
		typed string
		by    starttls.Protocol
		says  string
	}{
		{"localhost:", "", "missing port"},
		{"localhost:99999", "", "invalid port"},
		{"localhost:no", "", "unknown port"},
		{"a:b:c", "", "too many colons"},
		{"[::1", "", "missing ']'"},
		{"::1]", "", "too many colons"},
		{"::1:443", "", "may be a port"},
		{"2001:db8::1:8443", "", "may be a port"},
		{"https://", "", "no host"},
		{"https:///x", "", "no host"},
		{"https://:443/", "", ""},
		{"https://localhost:x/", "", "unknown port"},
		{"https://me:hunter2@localhost/", "", "somebody's name"},
		{"me:hunter2@localhost", "", "somebody's name"},
		{"localhost/hunter", "", "a path stands behind"},
		{"http://localhost/", "", "http:// has no TLS"},
		{"imap://localhost", "", "imap:// begins without TLS"},
		{"imaps://localhost", starttls.IMAP, "begins at once"},
		{"smtp://localhost", starttls.IMAP, "another protocol"},
		{"gopher://localhost", "", "no port is known"},
		{"://localhost", "", "no port is known"},
		{"local host", "", "it has a space"},
		{"*.example.org", "", "an asterisk"},
		{"localhost..", "", "a label is empty"},
		{strings.Repeat("a", 64), "", "63 octets"},
		{strings.Repeat("a.", 150) + "x", "", "253 octets"},
	} {
		got, err := targetOf(x.typed, x.by)
		var said *cli.Trouble
		if x.typed == "https://:443/" { // this machine, as :443 is
			if err != nil || got.address != ":443" {
				t.Errorf("%s: %+v, %v", x.typed, got, err)
			}
			continue
		}
		if !errors.As(err, &said) || !strings.Contains(said.What, x.says) || strings.Contains(said.What+said.Remedy, "hunter2") || said.Remedy == "" {
			t.Errorf("%s by %q: %+v, %v, want %q", x.typed, x.by, got, err, x.says)
		}
	}
}
