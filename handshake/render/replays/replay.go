package replays

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/foreign"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/replay"
)

// Replay is a Listener that tells how an attack of package replay goes: the connections
// flight by flight, what the bank does, what the attacker captures or steals, each
// attempt, the verdict. Attempts that go as the one before are told in a line. At level
// Brief the connections are left out, at level Bytes they are told as by a Terminal. It is
// not safe for concurrent use.
type Replay struct {
	terminal *render.Terminal
	t        *render.Pen // the terminal's
	level    render.Level
	w        io.Writer
	settings replay.Options

	page    bytes.Buffer // what t has written, and w has not
	take    func(event.Event, sheet.Block)
	blocks  []told            // what t has put, and take has not; where there is a take
	holding bool              // until it is known how an attempt goes
	facts   bytes.Buffer      // what must be told of it all the same
	kept    []told            // … as blocks
	last    *replay.Attempted // the attempt before, on the same way; nil: this is the first

	conn           *connection
	shapes         map[string]bool // of handshakes told
	news           []string        // those of them that are in page
	met            []string        // parties that are introduced there
	request        string          // of the bank, until it is known whether money moved
	alice, mallory int64
	err            error
}

// NewReplay returns a Replay that writes to w. Of the settings the window and the lifetime
// count.
func NewReplay(w io.Writer, o render.TerminalOptions, settings replay.Options) *Replay {
	r := &Replay{level: o.Level, w: w, settings: settings, shapes: map[string]bool{}}
	if r.take = o.Take; r.take != nil {
		o.Take = func(about event.Event, b sheet.Block) { r.blocks = append(r.blocks, told{about, b}) }
	}
	r.terminal = render.NewTerminal(&r.page, o)
	r.t = r.terminal.Pen()
	return r
}

// told is a block, and the event that it is about.
type told struct {
	about event.Event
	block sheet.Block
}

// Event takes the next event.
func (r *Replay) Event(e event.Event) {
	if _, ok := e.(*event.Onlooked); ok {
		return // for faces with a column an onlooker
	}
	r.t.About(e)
	if s, ok := e.(event.Scene); ok {
		r.scene(s)
		return
	}
	r.bank("")
	switch r.level {
	case render.Default:
		r.flights(e)
	case render.Bytes:
		r.inFull(e)
	}
}

// Close ends the transcript, and returns the first write error. It does not close the writer.
func (r *Replay) Close() error {
	r.settle()
	r.release()
	return r.err
}

// settle writes what was held back for its end.
func (r *Replay) settle() {
	r.bank("")
	r.flush()
	r.connection()
}

// flush writes the move that the Terminal holds back.
func (r *Replay) flush() {
	if err := r.terminal.Flush(); r.err == nil {
		r.err = err
	}
}

// release gives what is on the page to the writer.
func (r *Replay) release() {
	if _, err := r.w.Write(r.page.Bytes()); r.err == nil {
		r.err = err
	}
	for _, b := range r.blocks {
		r.take(b.about, b.block)
	}
	r.blocks, r.kept = nil, nil
	r.page.Reset()
	r.facts.Reset()
	r.news, r.met = nil, nil
}

// drop forgets what is on the page, except the facts.
func (r *Replay) drop() {
	r.page.Reset()
	r.page.Write(r.facts.Bytes())
	r.blocks = r.kept
	for _, shape := range r.news {
		delete(r.shapes, shape)
	}
	for _, party := range r.met {
		r.t.Forget("party/" + party)
	}
	r.release()
}

// scene writes what happens around the connections.
func (r *Replay) scene(e event.Scene) {
	switch e := e.(type) {
	case *replay.Transferred:
		r.transfer(e)
		return
	case *replay.Tampered:
		if r.level != render.Bytes { // no line of its own: it is said where the records are
			if r.conn != nil {
				r.conn.tampered = e.How
			}
			return
		}
	}
	r.settle()
	if r.level == render.Brief && isDetail(e) {
		return
	}
	switch e := e.(type) {
	case *replay.Begun:
		r.begin(e)
	case *replay.LoggedIn:
		r.login(e)
	case *replay.Requested:
		r.asked(e)
	case *replay.Decrypted:
		r.decrypted(e)
	case *replay.TimePassed:
		if r.holding { // the first attempt says so itself
			r.t.Text(3, r.title(e, "after", r.say().Span(e.After)), r.t.Paint.Dim)
		}
	case *replay.Replayed:
		r.t.Text(3, r.title(e, "bytes", fmt.Sprint(e.Bytes)), nil)
	case *replay.RouteTaken:
		r.release()
		r.holding, r.last = true, nil
		r.t.Blank()
		r.t.Text(0, "-- "+r.title(e)+r.say().Colon()+r.ui("replay_route."+string(e.Route)), r.t.Paint.Bold)
	case *replay.Attempted:
		r.attempt(e)
	case *replay.Fact:
		answer := r.ui("no")
		if e.Yes {
			answer = r.ui("yes")
		}
		r.fact(e, " "+answer)
	case *replay.EarlyDataFact:
		r.fact(e, r.say().Colon()+r.say().Word(e.Status.String()))
	case *replay.Judged:
		r.verdict(e)
	default:
		r.told(e)
	}
	if !r.holding {
		r.release()
	}
}

// isDetail reports whether a scene is left out at level Brief.
func isDetail(e event.Scene) bool {
	switch e.(type) {
	case *replay.Requested, *replay.TimePassed, *replay.Replayed, *replay.Decrypted:
		return true
	}
	return false
}

func (r *Replay) say() sheet.Voice { return r.t.Say }

func (r *Replay) ui(key string, pairs ...string) string { return r.t.Say.UI(key, pairs...) }

// title is what a scene is called, with name, value, … filled in.
func (r *Replay) title(e event.Scene, pairs ...string) string {
	values := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values[pairs[i]] = pairs[i+1]
	}
	return narrate.Fill(r.say().Title(narrate.Scene, narrate.EntryOf(e)), values)
}

// told writes what was captured or stolen, and what befell a server.
func (r *Replay) told(e event.Scene) {
	again := !r.t.First(string(e.Key()))
	r.t.Blank()
	r.t.Text(0, r.title(e), r.t.Paint.Bold)
	if r.level != render.Brief {
		about := r.say().Get(narrate.Scene, narrate.EntryOf(e)).Text
		if shared, ok := e.(*replay.SharedStore); ok && shared.Name == "" {
			about = narrate.Fill(about, map[string]string{"store": r.ui("replay_in_process")})
		}
		if !again {
			r.t.Text(3, r.t.Values(about, e), nil)
		}
		for _, v := range e.Values() {
			if _, ok := v.Value.([]byte); ok && !(again && v.Name == "ticket_key_name") {
				paint := r.t.Paint.Secret
				if v.Name == "session_id" || v.Name == "ticket_key_name" || render.IsTicket(v.Name) {
					paint = nil // everybody sees it
				}
				r.t.Row(3, r.say().Label(v.Name), sheet.Width(r.say().Label(v.Name)), r.t.Value(v), paint)
			}
		}
	}
	r.correct(e)
	if !again {
		r.t.Blank()
	}
}

// correct tells what is often said wrongly about what just happened.
func (r *Replay) correct(e event.Event) {
	if r.level != render.Brief {
		r.t.Correct(e)
	}
}

// decrypted writes of an opened request what matters: its first line, who it is from,
// what it asks for.
func (r *Replay) decrypted(e *replay.Decrypted) {
	if e.Plaintext == "" {
		return
	}
	head, body, _ := strings.Cut(e.Plaintext, "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	shown := []string{strings.TrimSuffix(lines[0], " HTTP/1.1")}
	for _, l := range lines[1:] {
		if strings.HasPrefix(l, "Cookie:") {
			shown = append(shown, shortened(l))
		}
	}
	if body != "" {
		shown = append(shown, body)
	}
	label := r.title(e) + r.say().Colon()
	r.t.Hang("   "+label, 3+sheet.Width(label), foreign.Quote(strings.Join(shown, " | ")), r.t.Paint.Secret)
}

// shortened is a line with a cookie of which the beginning is shown.
func shortened(line string) string {
	name, value, _ := strings.Cut(line, "=")
	if len(value) > 8 {
		value = value[:8] + "…"
	}
	return name + "=" + value
}

// fact writes what was tried beside moving money, and how it came out. It is told of
// attempts, too, that are not.
func (r *Replay) fact(e event.Scene, how string) {
	from, put := r.page.Len(), len(r.blocks)
	r.t.Text(3, "? "+r.title(e)+how, r.t.Paint.Bold)
	if r.level != render.Brief {
		r.t.Text(5, r.say().Get(narrate.Scene, narrate.EntryOf(e)).Text, nil)
	}
	r.correct(e)
	r.facts.Write(r.page.Bytes()[from:])
	r.kept = append(r.kept, r.blocks[put:]...)
}

// attempt writes how one went. What led to it is told unless it went as the one before.
func (r *Replay) attempt(e *replay.Attempted) {
	if r.holding && r.last != nil && e.Worked == r.last.Worked && e.Why == r.last.Why {
		r.drop()
	}
	r.last = e
	when := r.ui("replay_at_once")
	if e.After > 0 {
		when = r.ui("replay_after", "after", r.say().Span(e.After))
	}
	mark, how, paint := "-", r.ui("replay_why."+string(e.Why)), r.t.Paint.Good
	if e.Worked {
		if mark, how, paint = "!", r.ui("replay_worked"), r.t.Paint.Bad; e.Moved != 0 {
			how = r.ui("replay_took", "moved", fmt.Sprint(e.Moved))
		}
	}
	where := sheet.Text(e.Server)
	if where == "mallory" {
		where = "mallory's bank"
	}
	r.t.Sides(" "+mark+" "+r.say().Aside(when, r.say().Party(where))+r.say().Colon()+how, r.balances(), paint)
	r.release()
	r.holding = true
}

// verdict closes.
func (r *Replay) verdict(e *replay.Judged) {
	r.holding = false
	r.correct(e)
	r.t.Blank()
	paint := map[replay.Outcome]func(string) string{replay.Stopped: r.t.Paint.Good, replay.Limited: r.t.Paint.Secret, replay.NotStopped: r.t.Paint.Bad}[e.Outcome]
	about := r.say().Get(narrate.UI, "replay_outcome."+string(e.Outcome))
	how := about.Text
	if e.Limit != "" {
		how = r.ui("replay_limit."+string(e.Limit), "times", fmt.Sprint(e.Times), "for", r.say().Span(e.For), "until", r.say().Span(e.Until))
	}
	r.t.Text(0, r.title(e)+r.say().Colon()+about.Title+r.say().Stop()+how, paint)
	why := r.say().Get(narrate.UI, "replay_why."+string(e.Reason))
	r.t.Text(3, why.Title+r.say().Colon()+why.Text, nil)
	if e.Remembers > 0 {
		r.t.Text(3, r.ui("replay_remembers", "remembers", r.say().Span(e.Remembers)), nil)
	}
	r.t.Sides("   "+r.ui("replay_moved", "moved", fmt.Sprint(e.Moved)), r.balances(), paint)
}
