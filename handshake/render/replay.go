package render

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/foreign"
	"tlslab/handshake/narrate"
	"tlslab/handshake/replay"
)

// Replay is a Listener that tells how an attack of package replay goes: the connections
// flight by flight, what the bank does, what the attacker captures or steals, each
// attempt, the verdict. Attempts that go as the one before are told in a line. At level
// Brief the connections are left out, at level Bytes they are told as by a Terminal. It is
// not safe for concurrent use.
type Replay struct {
	terminal *Terminal
	t        *Pen // the terminal's
	level    Level
	w        io.Writer
	settings replay.Options

	page    bytes.Buffer // what t has written, and w has not
	holding bool         // until it is known how an attempt goes
	facts   bytes.Buffer // what must be told of it all the same
	last    outcomeOf    // of the attempt before, on the same way

	conn           *connection
	shapes         map[string]bool // of handshakes told
	news           []string        // those of them that are in page
	met            []string        // parties that are introduced there
	request        string          // of the bank, until it is known whether money moved
	alice, mallory int
	err            error
}

type outcomeOf struct{ worked, why any }

// NewReplay returns a Replay that writes to w. Of the settings the window and the lifetime
// count.
func NewReplay(w io.Writer, o TerminalOptions, settings replay.Options) *Replay {
	r := &Replay{level: o.Level, w: w, settings: settings, shapes: map[string]bool{}}
	r.terminal = NewTerminal(&r.page, o)
	r.t = r.terminal.Pen()
	return r
}

// Event takes the next event.
func (r *Replay) Event(e event.Event) {
	if s, ok := e.(event.Scene); ok {
		r.scene(s)
		return
	}
	r.bank("")
	switch r.level {
	case Default:
		r.flights(e)
	case Bytes:
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
	r.page.Reset()
	r.facts.Reset()
	r.news, r.met = nil, nil
}

// drop forgets what is on the page, but for the facts.
func (r *Replay) drop() {
	r.page.Reset()
	r.page.Write(r.facts.Bytes())
	for _, shape := range r.news {
		delete(r.shapes, shape)
	}
	for _, party := range r.met {
		r.t.forget("party/" + party)
	}
	r.release()
}

// scene writes what happens around the connections.
func (r *Replay) scene(e event.Scene) {
	if e.Key() == "replay_transfer" {
		r.transfer(e)
		return
	}
	if e.Key() == "replay_tampered" && r.level != Bytes { // no line of its own: it is said where the records are
		if r.conn != nil {
			r.conn.tampered = said(e, "how")
		}
		return
	}
	r.settle()
	if r.level == Brief && slices.Contains([]string{"replay_request", "replay_time", "replay_bytes", "replay_decrypted"}, string(e.Key())) {
		return
	}
	switch fact, _ := strings.CutPrefix(string(e.Key()), "replay_fact_"); {
	case fact != string(e.Key()):
		r.fact(e)
	case e.Key() == "replay_attack":
		r.begin(e)
	case e.Key() == "replay_request":
		r.asked(e)
	case e.Key() == "replay_decrypted":
		r.decrypted(e)
	case e.Key() == "replay_time" && !r.holding: // the first attempt says so itself
	case e.Key() == "replay_time":
		r.t.text(3, r.title(e, "after", r.span(e, "after")), r.t.paint.dim)
	case e.Key() == "replay_bytes":
		r.t.text(3, r.title(e, "bytes", text(event.Get(e, "bytes"))), nil)
	case e.Key() == "replay_route":
		r.release()
		r.holding, r.last = true, outcomeOf{}
		r.t.page.blank()
		r.t.text(0, "-- "+r.title(e)+r.say().colon()+r.ui("replay_route."+said(e, "route")), r.t.paint.bold)
	case e.Key() == "replay_attempt":
		r.attempt(e)
	case e.Key() == "replay_verdict":
		r.verdict(e)
	case e.Key() == "replay_login":
		r.login(e)
	default:
		r.told(e)
	}
	if !r.holding {
		r.release()
	}
}

func (r *Replay) say() voice                            { return r.t.say }
func (r *Replay) ui(key string, pairs ...string) string { return r.t.say.ui(key, pairs...) }

// title is what a scene is called, with name, value, … filled in.
func (r *Replay) title(e event.Scene, pairs ...string) string {
	values := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values[pairs[i]] = pairs[i+1]
	}
	return narrate.Fill(r.say().title(narrate.Scene, string(e.Key())), values)
}

// said is a scene's value as a string; "" if it has none.
func said(e event.Scene, name string) string { return text(event.Get(e, name)) }

// begin tells who attacks whom with what, and what is against it.
func (r *Replay) begin(e event.Scene) {
	name, defences := said(e, "attack"), strings.Split(said(e, "defences"), ",")
	r.alice, _ = event.Get(e, "alice").(int)
	r.mallory, _ = event.Get(e, "mallory").(int)
	head := cut(fmt.Sprintf("== %s%s%s × %s ", r.title(e), r.say().colon(), name, strings.Join(defences, ",")), r.t.width-2)
	r.t.line(r.t.paint.bold(head + strings.Repeat("=", r.t.width-width(head))))
	about := r.say().get(narrate.UI, "replay_attack."+name)
	r.t.text(0, about.Title, r.t.paint.bold)
	if r.level == Brief {
		return
	}
	r.t.text(0, about.Text, nil)
	has := r.say().get(narrate.UI, "replay_has").Text
	for _, a := range replay.Attacks() {
		if a.Name == name {
			for _, loot := range a.Stolen {
				has = r.say().get(narrate.UI, "replay_stolen."+loot).Text
			}
		}
	}
	n := 0
	for _, key := range []string{"replay_has", "replay_login", "replay_ledger"} {
		n = max(n, width(r.ui(key)))
	}
	for _, d := range defences {
		n = max(n, width(d))
	}
	r.t.row(0, r.ui("replay_has"), n, has, nil)
	r.t.row(0, r.ui("replay_login"), n, r.ui("replay_login."+said(e, "login")), nil)
	for _, d := range defences {
		r.t.row(0, d, n, r.defence(d), nil)
	}
	r.t.row(0, r.ui("replay_ledger"), n, r.balances(), nil)
	var cast []string
	for _, p := range []string{"alice", "mallory", "bank"} {
		if r.t.first("party/" + p) {
			cast = append(cast, r.say().party(p)+r.say().colon()+r.say().get(narrate.Party, p).Text)
		}
	}
	r.t.text(0, strings.Join(cast, " "), r.t.paint.dim)
	if r.level == Default {
		r.t.text(0, r.ui("replay_legend"), r.t.paint.dim)
	}
	r.t.page.blank()
}

// defence is what a defence does, costs, and cannot do.
func (r *Replay) defence(name string) string {
	window, lifetime := limits(r.settings)
	return narrate.Fill(r.say().get(narrate.UI, "replay_defence."+name).Text,
		map[string]string{"window": r.say().span(window), "lifetime": r.say().span(lifetime)})
}

// limits are the window of freshness and the lifetime that hold under o.
func limits(o replay.Options) (window, lifetime time.Duration) {
	window, lifetime = replay.DefaultWindow, replay.DefaultLifetime
	if o.Window > 0 {
		window = o.Window
	}
	if o.Lifetime > 0 {
		lifetime = o.Lifetime
	}
	return window, lifetime
}

func (r *Replay) balances() string {
	return r.ui("replay_balances", "alice", fmt.Sprint(r.alice), "mallory", fmt.Sprint(r.mallory))
}

// login tells how Alice shows who she is.
func (r *Replay) login(e event.Scene) {
	for _, v := range e.Values() {
		switch v.Name {
		case "cookie":
			r.t.text(3, r.title(e)+r.say().colon()+shortened("Cookie: session="+text(v.Value)), nil)
		case "certificate":
			r.t.text(3, r.title(e)+r.say().colon()+r.ui("replay_word.certificate"), nil)
		}
	}
}

// asked is what the bank was asked, and what it did; whether money moved comes behind.
func (r *Replay) asked(e event.Scene) {
	who := r.ui("replay_nobody")
	if user := said(e, "user"); user != "" {
		who = r.say().party(user)
	}
	early, _ := event.Get(e, "early").(bool)
	switch {
	case early && said(e, "why") == "too_early": // the bank has not asked who it is from
		who = r.ui("early_data")
	case early:
		who += r.say().comma() + r.ui("early_data")
	}
	if r.conn != nil {
		r.conn.answered = true
	}
	did := r.ui("replay_done")
	if why := said(e, "why"); why != "" {
		did = r.ui("replay_why." + why)
	}
	r.request = r.say().party("bank") + r.say().colon() +
		r.say().aside(r.title(e, "method", said(e, "method"), "path", said(e, "path")), who) + r.say().colon() + did
}

// bank writes what the bank did, with moved behind it.
func (r *Replay) bank(moved string) {
	if r.request == "" {
		return
	}
	r.t.sides("   "+r.request, moved, r.t.paint.name)
	r.request = ""
}

func (r *Replay) transfer(e event.Scene) {
	r.alice, _ = event.Get(e, "alice").(int)
	r.mallory, _ = event.Get(e, "mallory").(int)
	r.bank(r.balances())
}

// told writes what was captured or stolen, and what befell a server.
func (r *Replay) told(e event.Scene) {
	again := !r.t.first(string(e.Key()))
	r.t.page.blank()
	r.t.text(0, r.title(e), r.t.paint.bold)
	if r.level != Brief {
		about := r.say().get(narrate.Scene, string(e.Key())).Text
		if e.Key() == "replay_shared_store" && r.settings.Shared == nil {
			about = narrate.Fill(about, map[string]string{"store": r.ui("replay_in_process")})
		}
		if !again {
			r.t.text(3, r.t.values(about, e), nil)
		}
		for _, v := range e.Values() {
			if _, ok := bytesOf(v.Value); ok && !(again && v.Name == "ticket_key_name") {
				paint := r.t.paint.secret
				if v.Name == "session_id" || v.Name == "ticket_key_name" || isTicket(v.Name) {
					paint = nil // everybody sees it
				}
				r.t.row(3, r.say().label(v.Name), width(r.say().label(v.Name)), r.t.sceneValue(v), paint)
			}
		}
	}
	r.correct(e)
	if !again {
		r.t.page.blank()
	}
}

// correct tells what is often said wrongly about what just happened.
func (r *Replay) correct(e event.Event) {
	if r.level != Brief {
		r.t.correct(e)
	}
}

// decrypted writes of an opened request what matters: its first line, who it is from,
// what it asks for.
func (r *Replay) decrypted(e event.Scene) {
	plain, _ := event.Get(e, "plaintext").(string)
	if plain == "" {
		return
	}
	head, body, _ := strings.Cut(plain, "\r\n\r\n")
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
	label := r.title(e) + r.say().colon()
	r.t.hang("   "+label, 3+width(label), foreign.Quote(strings.Join(shown, " | ")), r.t.paint.secret)
}

// shortened is a line with a cookie of which the beginning is shown.
func shortened(line string) string {
	name, value, _ := strings.Cut(line, "=")
	if len(value) > 8 {
		value = value[:8] + "…"
	}
	return name + "=" + value
}

// fact writes what was tried beside moving money. It is told of attempts, too, that are
// not.
func (r *Replay) fact(e event.Scene) {
	from := r.page.Len()
	answer := event.Get(e, "value")
	shown := r.say().colon() + r.say().word(text(answer))
	if yes, ok := answer.(bool); ok && yes {
		shown = " " + r.ui("yes")
	} else if ok {
		shown = " " + r.ui("no")
	}
	r.t.text(3, "? "+r.title(e)+shown, r.t.paint.bold)
	if r.level != Brief {
		r.t.text(5, r.say().get(narrate.Scene, string(e.Key())).Text, nil)
	}
	r.correct(e)
	r.facts.Write(r.page.Bytes()[from:])
}

// attempt writes how one went. What led to it is told unless it went as the one before.
func (r *Replay) attempt(e event.Scene) {
	now := outcomeOf{event.Get(e, "worked"), event.Get(e, "why")}
	if r.holding && now == r.last {
		r.drop()
	}
	r.last = now
	when := r.ui("replay_at_once")
	if d := duration(e, "after"); d > 0 {
		when = r.ui("replay_after", "after", r.say().span(d))
	}
	how, paint := r.ui("replay_why."+said(e, "why")), r.t.paint.good
	if now.worked == true {
		if how, paint = r.ui("replay_worked"), r.t.paint.bad; event.Get(e, "moved") != 0 {
			how = r.ui("replay_took", "moved", said(e, "moved"))
		}
	}
	mark, where := map[bool]string{true: "!", false: "-"}[now.worked == true], said(e, "server")
	if where == "mallory" {
		where = "mallory's bank"
	}
	r.t.sides(" "+mark+" "+r.say().aside(when, r.say().party(where))+r.say().colon()+how, r.balances(), paint)
	r.release()
	r.holding = true
}

// verdict closes.
func (r *Replay) verdict(e event.Scene) {
	r.holding = false
	r.correct(e)
	r.t.page.blank()
	outcome := replay.Outcome(said(e, "outcome"))
	paint := map[replay.Outcome]func(string) string{replay.Stopped: r.t.paint.good, replay.Limited: r.t.paint.secret, replay.NotStopped: r.t.paint.bad}[outcome]
	about := r.say().get(narrate.UI, "replay_outcome."+string(outcome))
	how := about.Text
	if limit := said(e, "limit"); limit != "" {
		how = r.ui("replay_limit."+limit, "times", said(e, "times"), "for", r.span(e, "for"), "until", r.span(e, "until"))
	}
	r.t.text(0, r.title(e)+r.say().colon()+about.Title+r.say().stop()+how, paint)
	why := r.say().get(narrate.UI, "replay_why."+said(e, "reason"))
	r.t.text(3, why.Title+r.say().colon()+why.Text, nil)
	if d := duration(e, "remembers"); d > 0 {
		r.t.text(3, r.ui("replay_remembers", "remembers", r.say().span(d)), nil)
	}
	r.t.sides("   "+r.ui("replay_moved", "moved", said(e, "moved")), r.balances(), paint)
}

// duration is a scene's value that is one, as time.Duration writes it.
func duration(e event.Scene, name string) time.Duration {
	d, _ := time.ParseDuration(said(e, name))
	return d
}

func (r *Replay) span(e event.Scene, name string) string {
	return r.say().span(duration(e, name))
}

// span says a time in its two largest units.
func (v voice) span(d time.Duration) string {
	units := []struct {
		name string
		d    time.Duration
	}{{"day", 24 * time.Hour}, {"hour", time.Hour}, {"minute", time.Minute}, {"second", time.Second}}
	var parts []string
	for _, u := range units {
		if n := d / u.d; n > 0 && len(parts) < 2 {
			parts = append(parts, v.ui("replay_unit."+u.name, "n", fmt.Sprint(int64(n))))
			d -= n * u.d
		} else if len(parts) == 1 {
			break
		}
	}
	if len(parts) == 0 {
		return v.ui("replay_unit.second", "n", "0")
	}
	return strings.Join(parts, " ")
}
