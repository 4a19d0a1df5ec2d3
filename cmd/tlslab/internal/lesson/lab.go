package lesson

import (
	"cmp"
	"context"
	"io"

	"tlslab/handshake/lab"
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
	if r.Attack == "" {
		return switches.Misuse("defend login", "Name one with --attack.", "--defend and --login are about an attack that is played, and none is named")
	}
	o := replay.Options{Seed: q.Lesson.Seed, Login: replay.Login(cmp.Or(r.Login, string(replay.ByCookie)))}
	if err := checkLogin(string(o.Login)); err != nil {
		return err
	}
	defences, err := replay.ParseDefences(cmp.Or(r.Defend, "none"))
	switch {
	case err != nil:
		return unknownName("defend", err)
	case r.Attack == lab.AllAttacks && r.Defend != "":
		return switches.Misuse("attack defend", "Leave one of the two out.", "--all plays every attack against every defence: it takes no --attack and no --defend")
	case r.Attack == lab.AllAttacks:
		rows, err := replay.Matrix(ctx, o)
		if err != nil {
			return err
		}
		return replays.WriteReplayMatrixPage(w, rows, o, po)
	}
	if err := checkAttack(r.Attack); err != nil {
		return err
	}
	p := replays.NewPage(w, po, o)
	o.Listener, o.ShowSecrets = p, true
	if _, err := replay.Run(ctx, r.Attack, defences, o); err != nil {
		return err
	}
	return p.Close()
}

func logins() []string { return []string{string(replay.ByCookie), string(replay.ByCertificate)} }
