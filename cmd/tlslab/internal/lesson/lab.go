package lesson

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"tlslab/handshake/lab"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/render/page"
	"tlslab/handshake/render/replays"
	"tlslab/handshake/replay"
	"tlslab/handshake/switches"
)

// Replays is what the lab needs to play the verb replay.
func Replays() *lab.Replays {
	return &lab.Replays{Attacks: attackNames(), Defences: replay.Defences(), Logins: logins(), Write: writeReplay}
}

// writeReplay plays what the lab asks for, as the verb does.
func writeReplay(ctx context.Context, w io.Writer, q lab.Question, po page.Options) error {
	r := q.Replay
	o := replay.Options{Seed: q.Lesson.Seed, Login: replay.ByCookie}
	switch {
	case r.Attack == "":
		return &switches.Error{Text: "--defend and --login are about an attack that is played, and none is named", Remedy: "Name one with --attack.", Switches: []string{"defend", "login"}}
	case r.Login != "" && !slices.Contains(logins(), r.Login):
		return &switches.Error{Text: "--login " + r.Login + ": it is cookie or certificate", Switches: []string{"login"}}
	case r.Login != "":
		o.Login = replay.Login(r.Login)
	}
	defend := r.Defend
	if defend == "" {
		defend = "none"
	}
	defences, err := replay.ParseDefences(defend)
	if u := (*replay.UnknownError)(nil); errors.As(err, &u) {
		return &switches.Error{Text: "--defend " + u.Name + ": no " + u.What + " is called that", Remedy: "There are " + strings.Join(u.Known, ", ") + ".", Switches: []string{"defend"}}
	}
	switch {
	case err != nil:
		return err
	case r.Attack == lab.AllAttacks && r.Defend != "":
		return &switches.Error{Text: "--all plays every attack against every defence: it takes no --attack and no --defend", Remedy: "Leave one of the two out.", Switches: []string{"attack", "defend"}}
	case r.Attack == lab.AllAttacks:
		rows, err := replay.Matrix(ctx, o)
		if err != nil {
			return err
		}
		return page.Write(w, narrate.Must(q.Lang, narrate.UI, "replay_matrix").Title, po, func(to render.TerminalOptions) error {
			return replays.WriteReplayMatrix(io.Discard, rows, o, to)
		})
	case !slices.Contains(attackNames(), r.Attack):
		return &switches.Error{Text: "--attack " + r.Attack + ": no attack is called that", Remedy: "There are " + strings.Join(attackNames(), ", ") + ".", Switches: []string{"attack"}}
	}
	p := replays.NewPage(w, po, o)
	o.Listener, o.ShowSecrets = p, true
	if _, err := replay.Run(ctx, r.Attack, defences, o); err != nil {
		return err
	}
	return p.Close()
}

func logins() []string { return []string{string(replay.ByCookie), string(replay.ByCertificate)} }
