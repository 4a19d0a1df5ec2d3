package live

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/reason"
	"tlslab/handshake/starttls"
)

// target is whom a client calls.
type target struct {
	host    string // in ASCII; "" of this machine
	address string // as it is dialled
	shown   string // as the user wrote it, with the port
	path    string // what a URL has behind its host, beside a slash alone; nobody asks for it
}

// httpsPort is where TLS is found that nobody says more of.
const httpsPort = "443"

// direct are schemes of URLs whose protocol has TLS from the first byte, with their ports
// (IANA's registries of schemes and of ports).
var direct = map[string]string{"https": httpsPort, "wss": httpsPort, "smtps": "465", "submissions": "465", "imaps": "993", "pop3s": "995", "ldaps": "636",
	"xmpps": "5223", "ftps": "990", "nntps": "563", "ircs": "6697", "sips": "5061", "amqps": "5671", "mqtts": "8883", "rediss": "6379", "telnets": "992"}

// inClear are schemes whose protocol can go over to TLS, by --starttls; "" of one that cannot.
var inClear = map[string]starttls.Protocol{"smtp": starttls.SMTP, "submission": starttls.SMTP, "imap": starttls.IMAP, "pop": starttls.POP3, "pop3": starttls.POP3,
	"ldap": starttls.LDAP, "postgres": starttls.Postgres, "postgresql": starttls.Postgres, "mysql": starttls.MySQL, "mariadb": starttls.MySQL,
	"xmpp": starttls.XMPP, "http": "", "ws": "", "telnet": ""}

// submission is the port of a mail server that takes letters from people (RFC 6409 §3.1).
const submission = "587"

// targetOf reads --connect: a host, with a port or without, or a URL. What the port is where none
// is said depends on by, --starttls, "" if that is not given.
func targetOf(typed string, by starttls.Protocol) (target, error) {
	port := httpsPort
	if by != "" {
		port = by.Port()
	}
	var t target
	rest := typed
	if scheme, behind, url := strings.Cut(typed, "://"); url {
		if at := strings.IndexAny(behind, "/?#"); at >= 0 {
			behind, t.path = behind[:at], behind[at:]
		}
		if strings.Contains(behind, "@") { // a password may stand there, so it is not repeated
			return t, cli.Misuse("Leave out what stands before the @: no name and no password is sent.", "--connect: somebody's name stands before the host's")
		}
		var err error
		if port, err = portOf(typed, strings.ToLower(scheme), by); err != nil {
			return t, err
		}
		rest = behind
	}
	switch {
	case strings.ContainsAny(rest, "/?#"):
		return t, cli.Misuse("Say HOST:PORT, or a whole URL, https://HOST/.", "--connect %s: a path stands behind the host", typed)
	case strings.Contains(rest, "@"):
		return t, cli.Misuse("Leave out what stands before the @: no name and no password is sent.", "--connect: somebody's name stands before the host's")
	case rest == "":
		return t, cli.Misuse("Say HOST:PORT, or a whole URL, https://HOST/.", "--connect %s: there is no host in it", typed)
	}
	host, said, err := splitTarget(typed, rest)
	if err != nil {
		return t, err
	}
	if said != "" {
		port = said
	}
	if n, err := net.LookupPort("tcp", port); err == nil && n == 0 {
		return t, cli.Misuse("Say HOST:PORT, or a whole URL, https://HOST/.", "--connect %s: nobody listens on port 0", typed)
	}
	if t.host, err = cli.HostName("--connect", host); err != nil {
		return t, err
	}
	t.address, t.shown = net.JoinHostPort(t.host, port), net.JoinHostPort(host, port)
	if said != "" && rest == typed {
		t.shown = typed
	}
	if t.path == "/" {
		t.path = ""
	}
	return t, nil
}

// portOf is the port of a URL's scheme.
func portOf(typed, scheme string, by starttls.Protocol) (string, error) {
	port, atOnce := direct[scheme]
	asks, known := inClear[scheme]
	switch {
	case atOnce && by != "":
		return "", cli.Misuse("Leave one of the two out.", "--connect %s: with %s:// TLS begins at once, and --starttls %s asks for it in the clear", typed, scheme, by)
	case atOnce:
		return port, nil
	case scheme == "submission" && by == asks:
		return submission, nil
	case known && asks != "" && (by == asks || by == starttls.XMPPServer && asks == starttls.XMPP):
		return by.Port(), nil
	case known && asks != "" && by != "":
		return "", cli.Misuse("Leave one of the two out.", "--connect %s: that is another protocol than --starttls %s", typed, by)
	case known && asks != "":
		return "", cli.Misuse(reason.Usagef("Add --starttls %s, or name the port at which TLS begins at once.", asks), "--connect %s: %s:// begins without TLS", typed, scheme)
	case known:
		return "", cli.Misuse("Say https://HOST/, or HOST:PORT.", "--connect %s: %s:// has no TLS", typed, scheme)
	}
	var schemes []string
	for s := range direct {
		schemes = append(schemes, s)
	}
	slices.Sort(schemes)
	return "", cli.Misuse(reason.Usagef("Say HOST:PORT, or one of: %v.", reason.Names(schemes)), "--connect %s: no port is known for %s://", typed, scheme)
}

// splitTarget parts a host from its port; "" where there is none. An IPv6 address may stand without
// brackets, unless its end could as well be a port.
func splitTarget(typed, rest string) (host, port string, err error) {
	const form = "It is HOST:PORT; an IPv6 address goes in brackets, [::1]:443."
	if _, err := netip.ParseAddr(rest); err == nil {
		at := strings.LastIndexByte(rest, ':')
		if at < 0 {
			return rest, "", nil
		}
		if _, err := netip.ParseAddr(rest[:at]); err == nil && strings.Trim(rest[at+1:], "0123456789") == "" {
			return "", "", cli.Misuse(form, "--connect %s: its end may be a port, or a part of the address", typed)
		}
		return rest, "", nil
	}
	if host, whole := strings.CutPrefix(rest, "["); whole && strings.HasSuffix(host, "]") {
		return strings.TrimSuffix(host, "]"), "", nil
	}
	if !strings.Contains(rest, ":") && !strings.ContainsAny(rest, "[]") {
		return rest, "", nil
	}
	if _, err = cli.SplitAddr(rest); err == nil {
		host, port, err = net.SplitHostPort(rest)
	}
	if err != nil {
		return "", "", cli.Misuse(form, "--connect %s: %s", typed, cli.AddrFault(err))
	}
	return host, port, nil
}

// checkStartTLS reads --starttls.
func checkStartTLS(name string) (starttls.Protocol, error) {
	p := starttls.Protocol(strings.ToLower(name))
	if name == "" || p.Known() {
		return p, nil
	}
	return "", cli.Misuse(reason.Usagef("There are %v.", reason.Names(protocolNames())), "--starttls %s: no such protocol", name)
}

func protocolNames() (names []string) {
	for _, p := range starttls.Protocols() {
		names = append(names, string(p))
	}
	return names
}

// late is why a client gave a server up that let it wait.
type late struct{ limit string }

func (l *late) Error() string { return "nothing within " + l.limit }

// isLate reports whether err says that the client's time was over.
func isLate(err error) bool { return errors.As(err, new(*late)) }
