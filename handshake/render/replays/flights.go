package replays

import (
	"slices"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/render"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/replay"
)

// connection is one of a replay: what was sent, flight by flight.
type connection struct {
	number         int
	client, server string
	tls13          bool
	keys           map[sheet.Way]event.Keys
	flights        []flight
	tampered       replay.Trick // how the attacker meddles with what the client sends from here on
	answered       bool         // the bank did, which is told
	unread         bool         // early data that was passed over
	begun          bool         // some of it is written
	folded         bool         // its handshake is not: it is as one before
}

// flight is what one end sends at a stretch.
type flight struct {
	fromClient bool
	items      []item
}

type item struct {
	text string
	kind itemKind
}

type itemKind uint8

// The kinds.
const (
	ofHandshake itemKind = iota
	earlyData
	laterData
	ofAnswer
)

func (f flight) has(k itemKind) bool {
	return slices.ContainsFunc(f.items, func(i item) bool { return i.kind == k })
}

// flights takes an event of a connection.
func (r *Replay) flights(e event.Event) {
	h := e.Head()
	c := r.conn
	if c == nil || c.number != h.Conn {
		r.connection()
		c = &connection{number: h.Conn, keys: map[sheet.Way]event.Keys{}}
		r.conn = c
	}
	if role, _, ok := strings.Cut(h.Move, "/"); ok && role == "client" {
		c.client = h.Party
	} else if ok {
		c.server = h.Party
	}
	c.tls13 = c.tls13 || strings.HasSuffix(h.Move, "/tls13")
	switch e := e.(type) {
	case *event.KeyChange:
		c.keys[sheet.LegOf(h).Way(e.Dir)] = e.Keys
	case *event.Message:
		c.add(h, e.Dir, item{sheet.Bracketed(sheet.Title(e.Kind), sheet.KeysOf(e, c.under(h, e.Dir))), ofHandshake})
	case *event.Data:
		line := strings.TrimSuffix(strings.TrimPrefix(sheet.FirstLine(e.Data), "HTTP/1.1 "), " HTTP/1.1")
		keys, kind := c.under(h, e.Dir), laterData
		switch {
		case keys == event.EarlyKeys:
			kind = earlyData
		case h.Party == c.server && e.Dir == event.Send:
			kind = ofAnswer
		}
		c.add(h, e.Dir, item{sheet.Bracketed(line, keys), kind})
	case *event.Decision:
		if e.What == event.DecisionEarlyData && e.Chosen == "rejected" && c.client == "" {
			c.unread = true
		}
	case *event.Alert:
		r.alert(c, e)
	}
}

// under is what protects a direction of an end.
func (c *connection) under(h *event.Meta, d event.Direction) event.Keys {
	return c.keys[sheet.LegOf(h).Way(d)]
}

// add puts an item where it was sent. Recorded bytes were sent by none of our endpoints, so
// add puts those where they were received.
func (c *connection) add(h *event.Meta, d event.Direction, i item) {
	fromClient := (h.Party == c.client) == (d == event.Send)
	if d == event.Receive && (h.Party == c.client || c.client != "") {
		return
	}
	if c.client == "" && fromClient && len(c.flights) > 0 && c.flights[0].fromClient {
		c.flights[0].items = append(c.flights[0].items, i) // all that was recorded comes at once
		return
	}
	if n := len(c.flights); n == 0 || c.flights[n-1].fromClient != fromClient {
		c.flights = append(c.flights, flight{fromClient: fromClient})
	}
	f := &c.flights[len(c.flights)-1]
	f.items = append(f.items, i)
}

// alert tells of one that is fatal; and of a client's goodbye behind its requests, as an
// attacker may cut it off. What Mallory finds wrong he may keep to himself.
func (r *Replay) alert(c *connection, e *event.Alert) {
	n := len(c.flights)
	switch {
	case e.Dir == event.Receive:
	case e.Description == iana.CloseNotify:
		if e.Party == c.client && n > 0 && c.flights[n-1].fromClient {
			c.add(e.Head(), e.Dir, item{sheet.Bracketed("close_notify", c.under(e.Head(), e.Dir)), laterData})
		}
	case e.Party == "mallory":
		r.connection()
		r.t.Text(3, r.say().Party(e.Party)+r.say().Colon()+r.say().Fault(e.Err), r.t.Paint.Good)
	default:
		if c.client == "" && reason.Of(e.Err) == reason.BadRecordMAC {
			c.flights[0].items = append(c.flights[0].items, item{r.ui("replay_unopened"), laterData})
		}
		what := sheet.Bracketed(r.ui("alert")+" "+e.Description.String(), c.under(e.Head(), event.Send))
		c.add(e.Head(), e.Dir, item{what, laterData})
	}
}

// connection writes what was sent since it did so last.
func (r *Replay) connection() {
	c := r.conn
	if c == nil || len(c.flights) == 0 {
		return
	}
	client, server := c.client, c.server
	if client == "" {
		client = "mallory"
	}
	kept := ""
	if server == "" { // it never arrived
		server, kept = "bank", " "+r.ui("replay_cut")
	}
	names := r.say().Party(client) + " %s " + r.say().Party(server)
	for _, p := range []string{client, server} {
		if r.level != render.Brief && !r.t.Told("party/"+p) {
			r.met = append(r.met, p)
			r.t.Introduce(3, p)
		}
	}
	flights := c.flights
	c.flights = nil
	r.tampered(c, flights)
	if c.unread {
		flights[0].items = append(flights[0].items, item{sheet.Bracketed(r.ui("replay_unread"), event.EarlyKeys), earlyData})
		c.unread = false
	}
	first := !c.begun
	if first && c.client != "" {
		c.folded = r.known(flights)
	}
	c.begun = true
	if c.folded {
		r.folded(c, names, flights, first)
		return
	}
	for _, f := range flights {
		arrow := "<--"
		if f.fromClient {
			arrow = "-->"
		}
		if c.answered {
			f.items = slices.DeleteFunc(f.items, func(i item) bool { return i.kind == ofAnswer })
		}
		if len(f.items) > 0 {
			r.line(names, arrow, f.items, kept)
		}
	}
}

// tampered says of the client's last flight, once, what the attacker did with it on the way.
func (r *Replay) tampered(c *connection, flights []flight) {
	for _, f := range slices.Backward(flights) {
		if c.tampered == "" || !f.fromClient || !f.has(laterData) {
			continue
		}
		n := 0
		for _, i := range f.items {
			if i.kind == laterData {
				n++
			}
		}
		last := &f.items[len(f.items)-1]
		last.text = r.say().Aside(last.text, r.ui("replay_tampered."+string(c.tampered), "n", sheet.Text(n)))
		c.tampered = ""
	}
}

func (r *Replay) line(names, arrow string, items []item, behind string) {
	var texts []string
	for _, i := range items {
		texts = append(texts, i.text)
	}
	head := "   " + strings.ReplaceAll(names, "%s", arrow) + "  "
	r.t.Hang(head, sheet.Width(head), r.say().List(texts)+behind, nil)
}

// known reports whether a handshake that looks the same was written before, of any client.
// What was asked for in it makes no difference.
func (r *Replay) known(flights []flight) bool {
	n := slices.IndexFunc(flights, func(f flight) bool { return f.has(laterData) })
	if n < 0 {
		n = len(flights)
	}
	if n < 2 {
		return false
	}
	shape := ""
	for i, f := range flights {
		for _, x := range f.items {
			if x.kind == earlyData {
				x.text = "()"
			}
			if i < n || x.kind == ofHandshake {
				shape += x.text + " "
			}
		}
		shape += "\n"
	}
	if r.shapes[shape] {
		return true
	}
	r.shapes[shape] = true
	r.news = append(r.news, shape)
	return false
}

// folded writes of a connection whose handshake is known what is new: what was asked, and
// how it ended if not with an answer. That the handshake is known it says first of all.
func (r *Replay) folded(c *connection, names string, flights []flight, first bool) {
	version := "TLS 1.2"
	if c.tls13 {
		version = "TLS 1.3"
	}
	var asked []item
	if first {
		asked = append(asked, item{r.ui("replay_same_"+kindOf(flights), "version", version), ofHandshake})
	}
	told := len(asked)
	for _, f := range flights {
		var data []item
		for _, i := range f.items {
			if i.kind == earlyData || i.kind == laterData {
				data = append(data, i)
			}
		}
		switch {
		case len(data) == 0:
		case f.fromClient:
			asked = append(asked, data...)
		case strings.Contains(data[0].text, r.ui("alert")):
			if len(asked) > 0 {
				r.line(names, "<->", asked, "")
			}
			r.line(names, "<--", data, "")
			asked, told = nil, 0
		}
	}
	if len(asked) > told {
		r.line(names, "<->", asked, "")
	}
}

// kindOf tells an abbreviated handshake from a full one: no end shows a certificate.
func kindOf(flights []flight) string {
	for _, f := range flights {
		for _, i := range f.items {
			if i.kind == ofHandshake && strings.Trim(i.text, "{}") == sheet.Title(message.KindCertificate) {
				return "full"
			}
		}
	}
	return "resumed"
}

// inFull hands an event to the Terminal, which tells it in full.
func (r *Replay) inFull(e event.Event) {
	h := e.Head()
	if r.conn == nil || r.conn.number != h.Conn {
		r.flush()
		r.conn = &connection{number: h.Conn}
		client, server := h.Party, "bank" // the client begins, unless its first flight was recorded
		if client != "alice" && client != "mallory" {
			client, server = "mallory", h.Party
		}
		r.t.Between(client, server)
	}
	r.terminal.Event(e)
}
