package replays

import (
	"fmt"
	"strings"
	"time"

	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/replay"
	"tlslab/handshake/replay/bank"
)

// begin tells who attacks whom with what, and what is against it.
func (r *Replay) begin(e *replay.Begun) {
	defences := e.Defences
	if len(defences) == 0 {
		defences = []string{"none"}
	}
	r.alice, r.mallory = e.Alice, e.Mallory
	r.t.Banner(fmt.Sprintf("%s%s%s × %s", r.title(e), r.say().Colon(), e.Attack, strings.Join(defences, ",")))
	about := r.say().Get(narrate.UI, "replay_attack."+e.Attack)
	r.t.Text(0, about.Title, r.t.Paint.Bold)
	if r.level == render.Brief {
		return
	}
	r.t.Text(0, about.Text, nil)
	has := r.say().Get(narrate.UI, "replay_has").Text
	for _, loot := range e.Stolen {
		has = r.say().Get(narrate.UI, "replay_stolen."+string(loot)).Text
	}
	n := 0
	for _, key := range []string{"replay_has", "replay_login", "replay_ledger"} {
		n = max(n, sheet.Width(r.ui(key)))
	}
	for _, d := range defences {
		n = max(n, sheet.Width(d))
	}
	r.t.Row(0, r.ui("replay_has"), n, has, nil)
	r.t.Row(0, r.ui("replay_login"), n, r.ui("replay_login."+string(e.Login)), nil)
	for _, d := range defences {
		r.t.Row(0, d, n, r.defence(d), nil)
	}
	r.t.Row(0, r.ui("replay_ledger"), n, r.balances(), nil)
	var cast []string
	for _, p := range []string{"alice", "mallory", "bank"} {
		if r.t.First("party/" + p) {
			cast = append(cast, r.say().Party(p)+r.say().Colon()+r.say().Get(narrate.Party, p).Text)
		}
	}
	r.t.Text(0, strings.Join(cast, " "), r.t.Paint.Dim)
	if r.level == render.Default {
		r.t.Text(0, r.ui("replay_legend"), r.t.Paint.Dim)
	}
	r.t.Blank()
}

// defence is what a defence does, costs, and cannot do.
func (r *Replay) defence(name string) string {
	window, lifetime := limits(r.settings)
	return narrate.Fill(r.say().Get(narrate.UI, "replay_defence."+name).Text,
		map[string]string{"window": r.say().Span(window), "lifetime": r.say().Span(lifetime)})
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
func (r *Replay) login(e *replay.LoggedIn) {
	how := r.ui("replay_word.certificate")
	if e.Certificate == nil {
		how = shortened("Cookie: " + bank.Cookie + "=" + sheet.Text(e.Cookie))
	}
	r.t.Text(3, r.title(e)+r.say().Colon()+how, nil)
}

// asked is what the bank was asked, and what it did; whether money moved comes behind.
func (r *Replay) asked(e *replay.Requested) {
	who := r.ui("replay_nobody")
	if e.User != "" {
		who = r.say().Party(sheet.Text(e.User))
	}
	switch {
	case e.Early && e.Why == bank.TooEarly: // the bank has not asked who it is from
		who = r.ui("early_data")
	case e.Early:
		who += r.say().Comma() + r.ui("early_data")
	}
	if r.conn != nil {
		r.conn.answered = true
	}
	did := r.ui("replay_done")
	if e.Why != "" {
		did = r.ui("replay_why." + string(e.Why))
	}
	r.request = r.say().Party("bank") + r.say().Colon() +
		r.say().Aside(r.title(e, "method", sheet.Text(e.Method), "path", sheet.Text(e.Path)), who) + r.say().Colon() + did
}

// bank writes what the bank did, with moved behind it.
func (r *Replay) bank(moved string) {
	if r.request == "" {
		return
	}
	r.t.Sides("   "+r.request, moved, r.t.Paint.Name)
	r.request = ""
}

func (r *Replay) transfer(e *replay.Transferred) {
	r.alice, r.mallory = e.Alice, e.Mallory
	r.bank(r.balances())
}
