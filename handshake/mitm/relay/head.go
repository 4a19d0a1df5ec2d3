package relay

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// Field is a line of a head or of a trailer, its name in the case and its value in the bytes
// in which they came.
type Field struct{ Name, Value string }

// Note is a change that the RFCs demand of a relay, or one that they do not let it make. It is a stable key.
type Note string

// The notes.
const (
	NoteUnfolded    Note = "unfolded"     // a folded field became spaces
	NoteSpaceColon  Note = "space_colon"  // white space before a colon was removed
	NoteHopByHop    Note = "hop_by_hop"   // a field for the proxy alone, or one that Connection names, was removed
	NoteOriginForm  Note = "origin_form"  // the target came in absolute form
	NoteHost        Note = "host"         // Host was made that of the target (RFC 9112 §3.2.2)
	NoteFixedHost   Note = "fixed_host"   // Host was made the server's (reverse mode)
	NoteBareLF      Note = "bare_lf"      // lines end in LF alone; they went on so
	NoteKeptFraming Note = "kept_framing" // Connection names a field that is not the connection's; it stayed
	NoteCoded       Note = "coded"        // the body was to be changed, and is in a transfer coding; it went on as it came
	NoteSpaces      Note = "spaces"       // white space around a value in HTTP/2 was removed
	NoteTrailer     Note = "trailer"      // there was a trailer, and no chunks for it to stand behind: it went no further
)

// Notes lists every Note.
func Notes() []Note {
	return []Note{NoteUnfolded, NoteSpaceColon, NoteHopByHop, NoteOriginForm, NoteHost, NoteFixedHost, NoteBareLF, NoteKeptFraming, NoteCoded, NoteSpaces, NoteTrailer}
}

// Head is what a head says: a copy, and what goes on is another.
type Head struct {
	Raw    string // as it came
	Method string // of a request
	Target string // of a request, as it came
	Status int    // of a reply
	Reason string // of a reply
	Proto  string // "HTTP/1.1"
	Fields []Field
	Notes  []Note

	// Authority and Path are the two parts of a target in absolute form (RFC 9112 §3.2.2).
	Scheme, Authority, Path string

	priority   string // of HTTP/2, as HEADERS had it
	upgrade    string
	length     int64 // -1: not said
	codings    string
	coded      bool
	hosts      int
	host       string
	connection []string // in lower case
	changed    bool     // it cannot go on as it came
}

// Get is the first value of the field of this name, whatever its case; "" for none.
func (h *Head) Get(name string) string {
	for _, f := range h.Fields {
		if sameName(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// Header is fields as net/http has them: order and case are lost.
func Header(fields []Field) http.Header {
	out := make(http.Header, len(fields))
	for _, f := range fields {
		if f.Name[:min(1, len(f.Name))] == ":" {
			continue // HTTP/2 has the first line so
		}
		out.Add(f.Name, f.Value)
	}
	return out
}

// Host is the host that a request names: in its target, else in its Host field.
func (h *Head) Host() string {
	if h.Authority != "" {
		return h.Authority
	}
	return h.host
}

// Upgrade is what the message would have the connection become, as it says it; "" for none.
func (h *Head) Upgrade() string { return h.upgrade }

// old reports whether it is HTTP/1.0, which has no chunks.
func (h *Head) old() bool { return h.Proto == "HTTP/1.0" }

// says reports whether Connection has this option.
func (h *Head) says(option string) bool {
	for _, o := range h.connection {
		if o == option {
			return true
		}
	}
	return false
}

// closes reports whether the connection ends behind this message (RFC 9112 §9.3).
func (h *Head) closes() bool { return h.says("close") || h.old() && !h.says("keep-alive") }

func (h *Head) note(n Note) {
	for _, have := range h.Notes {
		if have == n {
			return
		}
	}
	h.Notes = append(h.Notes, n)
}

// parseHead reads a head, its empty line included. It always returns what it has understood.
func parseHead(raw string, from Side) (*Head, *Refusal) {
	h := &Head{Raw: raw, length: -1}
	first, rest, ok := cutLine(raw)
	if rule := checkLine(h, first, from); rule != "" {
		return h, &Refusal{From: from, Rule: rule, Detail: quote(first)}
	}
	first = trimEnd(first)
	if from == Client {
		ok = ok && h.requestLine(first)
	} else {
		ok = ok && h.statusLine(first)
	}
	if !ok {
		return h, &Refusal{From: from, Rule: RuleStartLine, Detail: quote(first)}
	}
	fields, r := parseFields(h, rest, from)
	h.Fields = fields
	if r != nil {
		return h, r
	}
	return h, h.look(from)
}

// requestLine is RFC 9112 §3. A target is what has no white space: a relay does not judge it.
func (h *Head) requestLine(s string) bool {
	method, rest, ok := strings.Cut(s, " ")
	target, proto, ok2 := strings.Cut(rest, " ")
	if !ok || !ok2 || !isToken(method) || target == "" || !isProto(proto) {
		return false
	}
	for i := range len(target) {
		if target[i] <= ' ' || target[i] == 0x7f {
			return false
		}
	}
	h.Method, h.Target, h.Proto = method, target, proto
	h.absoluteForm()
	return true
}

// absoluteForm takes a target in absolute form apart (RFC 9112 §3.2.2).
func (h *Head) absoluteForm() {
	if scheme, after, ok := strings.Cut(h.Target, "://"); ok && isScheme(scheme) && h.Method != http.MethodConnect {
		h.Scheme = lower(scheme)
		end := strings.IndexAny(after, "/?#")
		if end < 0 {
			end = len(after)
		}
		h.Authority, h.Path = after[:end], after[end:]
		if i := strings.LastIndexByte(h.Authority, '@'); i >= 0 {
			h.Authority = h.Authority[i+1:]
		}
		switch {
		case h.Path == "" && h.Method == http.MethodOptions:
			h.Path = "*" // RFC 9112 §3.2.4
		case h.Path == "" || h.Path[0] != '/':
			h.Path = "/" + h.Path
		}
	}
}

// statusLine is RFC 9112 §4. Some servers leave out the last space together with the phrase.
func (h *Head) statusLine(s string) bool {
	proto, rest, ok := strings.Cut(s, " ")
	code, reason, _ := strings.Cut(rest, " ")
	if !ok || !isProto(proto) || len(code) != 3 {
		return false
	}
	n, err := strconv.ParseUint(code, 10, 16)
	if err != nil || n < 100 {
		return false
	}
	h.Proto, h.Status, h.Reason = proto, int(n), reason
	return true
}

func isProto(s string) bool {
	return len(s) == len("HTTP/1.1") && s[:7] == "HTTP/1." && s[7] >= '0' && s[7] <= '9'
}

func isScheme(s string) bool {
	for i := range len(s) {
		c := s[i]
		if letter := 'a' <= c|0x20 && c|0x20 <= 'z'; !letter && (i == 0 || (c < '0' || c > '9') && c != '+' && c != '-' && c != '.') {
			return false
		}
	}
	return s != ""
}

// cutLine cuts s behind its first LF.
func cutLine(s string) (line, rest string, ok bool) {
	i := strings.IndexByte(s, '\n')
	if i < 0 {
		return s, "", false
	}
	return s[:i+1], s[i+1:], true
}

// trimEnd is a line without its end.
func trimEnd(line string) string {
	return strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
}

// checkLine finds in a line what readers disagree about. A reply may end its lines in LF: its
// reader takes them, and it is not ours to judge.
func checkLine(h *Head, line string, from Side) Rule {
	text := trimEnd(line)
	switch {
	case strings.IndexByte(text, '\r') >= 0:
		return RuleBareCR
	case strings.IndexByte(text, 0) >= 0:
		return RuleNUL
	case strings.HasSuffix(line, "\r\n"):
		return ""
	case from == Client:
		return RuleBareLF
	}
	h.note(NoteBareLF)
	return ""
}

// quote shows where a rule was broken, and not more of it than a line of a terminal holds.
func quote(s string) string { return fmt.Sprintf("%.60q", s) }

// parseFields reads lines up to and with the empty one. h has the notes.
func parseFields(h *Head, s string, from Side) ([]Field, *Refusal) {
	refuse := func(r Rule, line string) *Refusal { return &Refusal{From: from, Rule: r, Detail: quote(line)} }
	fields := make([]Field, 0, strings.Count(s, "\n"))
	for s != "" {
		var line string
		line, s, _ = cutLine(s)
		if rule := checkLine(h, line, from); rule != "" {
			return fields, refuse(rule, line)
		}
		text := trimEnd(line)
		if text == "" {
			continue // the last
		}
		if text[0] == ' ' || text[0] == '\t' {
			if from == Client || len(fields) == 0 {
				return fields, refuse(RuleFold, text)
			}
			last := &fields[len(fields)-1]
			last.Value = trimOWS(last.Value + " " + trimOWS(text))
			h.note(NoteUnfolded)
			h.changed = true
			continue
		}
		name, value, ok := strings.Cut(text, ":")
		if trimmed := strings.TrimRight(name, " \t"); ok && trimmed != name {
			if from == Client {
				return fields, refuse(RuleSpaceBeforeColon, name)
			}
			name = trimmed
			h.note(NoteSpaceColon)
			h.changed = true
		}
		if !ok || !isToken(name) {
			return fields, refuse(RuleFieldName, name)
		}
		fields = append(fields, Field{name, trimOWS(value)})
	}
	return fields, nil
}

func trimOWS(s string) string { return strings.Trim(s, " \t") }

// look finds what the relay itself has to know of the fields.
func (h *Head) look(from Side) *Refusal {
	for _, f := range h.Fields {
		switch len(f.Name) { // of the few names that matter: the others are not folded to be compared
		case len("Host"):
			if from == Client && sameName(f.Name, "Host") {
				if h.hosts++; h.hosts > 1 {
					return &Refusal{From: from, Rule: RuleTwoHosts, Detail: quote(f.Value)}
				}
				h.host = f.Value
			}
		case len("Upgrade"):
			if sameName(f.Name, "Upgrade") {
				h.upgrade = f.Value
			}
		case len("Connection"):
			if sameName(f.Name, "Connection") {
				for option := range strings.SplitSeq(f.Value, ",") {
					option = lower(trimOWS(option))
					switch {
					case option == "":
					case isToken(option):
						h.connection = append(h.connection, option)
					case from == Client:
						return &Refusal{From: from, Rule: RuleConnection, Detail: quote(option)}
					default: // it names no field; it goes no further
						h.changed = true
						h.note(NoteHopByHop)
					}
				}
			}
		case len("Content-Length"):
			if sameName(f.Name, "Content-Length") {
				n, ok := parseLength(f.Value)
				if !ok {
					return &Refusal{From: from, Rule: RuleLength, Detail: quote(f.Value)}
				}
				if h.length >= 0 && h.length != n {
					return &Refusal{From: from, Rule: RuleTwoLengths, Detail: quote(f.Value)}
				}
				h.length = n
			}
		case len("Transfer-Encoding"):
			if sameName(f.Name, "Transfer-Encoding") {
				if h.coded {
					h.codings += ","
				}
				h.coded, h.codings = true, h.codings+f.Value
			}
		}
	}
	for _, f := range h.Fields {
		if h.drops(f.Name) {
			h.changed = true
			h.note(NoteHopByHop)
		}
	}
	for _, o := range h.connection {
		if !keptOptions[o] {
			h.changed = true // the option goes together with its field
			if framingNames[o] {
				h.note(NoteKeptFraming)
			}
		}
	}
	return nil
}

// keptOptions are options of Connection that say something of the connection itself. Since each
// of the client's has one of the server's, they are as true on the other leg.
var keptOptions = map[string]bool{"close": true, "keep-alive": true, "upgrade": true, "te": true, "http2-settings": true}

// framingNames are fields that no option removes: where they are missing, the next reader reads
// another message (RFC 9110 §7.6.1 forbids to name them).
var framingNames = map[string]bool{"content-length": true, "transfer-encoding": true, "host": true, "trailer": true, "connection": true, "content-type": true, "content-encoding": true, "content-range": true, "expect": true}

// drops reports whether a field of this name goes no further (RFC 9110 §7.6.1): what is for the
// proxy, and what Connection names.
func (h *Head) drops(name string) bool {
	if len(name) > len("Proxy-") && sameName(name[:len("Proxy-")], "Proxy-") {
		switch lower(name) {
		case "proxy-authenticate", "proxy-authorization", "proxy-authentication-info", "proxy-connection":
			return true
		}
	}
	for _, o := range h.connection {
		if !keptOptions[o] && !framingNames[o] && sameName(o, name) {
			return true
		}
	}
	return false
}

// parseLength reads a Content-Length: digits, and nothing else.
func parseLength(s string) (int64, bool) {
	if s == "" || len(s) > 18 {
		return 0, false
	}
	n := int64(0)
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = 10*n + int64(s[i]-'0')
	}
	return n, true
}
