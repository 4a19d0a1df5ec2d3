package lesson

import (
	"errors"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/reason"
	"tlslab/handshake/render/replays"
	"tlslab/handshake/replay"
	"tlslab/handshake/session"
	"tlslab/handshake/session/redis"
	"tlslab/handshake/switches"
)

type replayFlags struct {
	cli.View
	attack, defend, login string
	store, format, seed   string
	all                   bool
}

// NewReplay is the verb replay.
func NewReplay() *cobra.Command {
	r := new(replayFlags)
	cmd := &cobra.Command{
		Use:   "replay",
		Short: "Play replay attacks on a small bank, and what each defence is worth",
		Long: `Play an attack on a small bank over TLS: an attacker on the wire who sends again what he
recorded, or uses what he stole, and the defences against it. Real handshakes, a ledger
on disk, a clock of its own: nothing waits. Without flags it lists attacks and defences.

The status is 0 when the lesson was played, also where the attack succeeds: that is the
lesson. The verdict is in the transcript, and in --format json.`,
		Example: `  tlslab replay
  tlslab replay --attack early-data
  tlslab replay --attack early-data --defend recording,freshness
  tlslab replay --attack stolen-master --defend lifetime --login certificate
  tlslab replay --all
  tlslab replay --all --store redis://localhost:6379
  tlslab replay --attack restart --defend recording --format json --seed 1
  tlslab replay --attack early-data --format html --out replay.html    a page: open it in a browser`,
		Args: cli.None("attack"),
		RunE: func(cmd *cobra.Command, _ []string) error { return r.run(cmd, cmd.OutOrStdout()) },
	}
	r.View.Flags(cmd)
	r.View.PagerFlag(cmd)
	f := cmd.Flags()
	f.StringVar(&r.attack, "attack", "", "play this attack: "+strings.Join(attackNames(), ", "))
	f.StringVar(&r.defend, "defend", "none", "against these defences: none, or a list of "+strings.Join(replay.Defences(), ", "))
	f.BoolVar(&r.all, "all", false, "play every attack against every defence, and print the matrix")
	f.StringVar(&r.login, "login", string(replay.ByCookie), "how the victim logs in: cookie or certificate")
	f.StringVar(&r.store, "store", "", "the store that two servers share: redis://host:port (default: one in this process)")
	f.StringVar(&r.seed, "seed", "", "fix all randomness and the clock: the same seed, the same bytes")
	cli.FormatFlag(cmd, &r.format, replayFormats...)
	cli.Complete(cmd, "attack", attackNames)
	cli.Complete(cmd, "defend", func() []string { return append([]string{"none"}, replay.Defences()...) })
	cli.Complete(cmd, "login", logins)
	return cmd
}

var replayFormats = []string{cli.Text, cli.JSON, cli.HTML}

func attackNames() []string {
	var names []string
	for _, a := range replay.Attacks() {
		names = append(names, a.Name)
	}
	return names
}

func (r *replayFlags) run(cmd *cobra.Command, to io.Writer) (err error) {
	defences, err := r.check(cmd)
	if err != nil {
		return err
	}
	o := replay.Options{Seed: r.seed, Login: replay.Login(r.login)}
	if r.store != "" {
		store, err := openShared(r.store)
		if err != nil {
			return err
		}
		defer func() { err = cli.FirstError(err, store.Close()) }()
		o.Shared, o.SharedName = store, withoutPassword(r.store)
	}
	r.NoPager = r.NoPager || r.format != cli.Text
	out, err := r.View.Open(to, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	defer func() { err = cli.FirstError(err, out.Close()) }()
	switch {
	case r.all:
		return r.playAll(cmd, o, out)
	case r.attack == "":
		return replays.WriteReplayList(out, out.Options)
	}
	return r.play(cmd, defences, o, out)
}

// play plays one attack.
func (r *replayFlags) play(cmd *cobra.Command, defences []string, o replay.Options, out *cli.Output) error {
	if r.format == cli.HTML {
		p := replays.NewPage(out, r.PageOptions(), o)
		o.Listener, o.ShowSecrets = p, true
		_, err := replay.Run(cmd.Context(), r.attack, defences, o)
		return cli.FirstError(err, p.Close()) // what was told until something failed is worth seeing
	}
	if r.format == cli.JSON {
		j := new(replays.ReplayJSON)
		o.Listener, o.ShowSecrets = j, true
		result, err := replay.Run(cmd.Context(), r.attack, defences, o)
		if err != nil {
			return err
		}
		return j.Write(out, result, o)
	}
	term := replays.NewReplay(out, out.Options, o)
	o.Listener, o.ShowSecrets = term, r.Bytes
	_, err := replay.Run(cmd.Context(), r.attack, defences, o)
	return cli.FirstError(err, term.Close())
}

// playAll plays all of them.
func (r *replayFlags) playAll(cmd *cobra.Command, o replay.Options, out *cli.Output) error {
	rows, err := replay.Matrix(cmd.Context(), o)
	if err != nil {
		return err
	}
	switch r.format {
	case cli.JSON:
		return replays.WriteReplayMatrixJSON(out, rows, o)
	case cli.HTML:
		return replays.WriteReplayMatrixPage(out, rows, o, r.PageOptions())
	}
	return replays.WriteReplayMatrix(out, rows, o, out.Options)
}

// check refuses what makes no sense, and reads --defend.
func (r *replayFlags) check(cmd *cobra.Command) ([]string, error) {
	asked := cmd.Flags().Changed
	if err := cli.CheckFormat(r.format, replayFormats...); err != nil {
		return nil, err
	}
	if err := checkLogin(r.login); err != nil {
		return nil, err
	}
	switch {
	case r.all && (r.attack != "" || asked("defend")):
		return nil, cli.Misuse("Leave one of the two out.", "--all plays every attack against every defence: it takes no --attack and no --defend")
	case r.all && (r.Brief || r.Bytes):
		return nil, cli.Misuse("Name one attack with --attack.", "--brief and --bytes are about a transcript, and --all prints a matrix")
	}
	if err := cli.TextOnly(cmd, r.format); err != nil {
		return nil, err
	}
	if r.attack == "" && !r.all {
		for _, name := range []string{"defend", "login", "store", "seed", "format", "brief", "bytes"} {
			if asked(name) {
				return nil, cli.Misuse("Name one with --attack, or play them all with --all. They are listed by: tlslab replay",
					"--%s is about an attack that is played, and none is named", name)
			}
		}
	}
	defences, err := replay.ParseDefences(r.defend)
	if err != nil {
		return nil, unknownName("defend", err)
	}
	if r.attack == "" {
		return nil, nil
	}
	return defences, checkAttack(r.attack)
}

// checkLogin refuses a way to log in that the bank does not know.
func checkLogin(login string) error {
	if slices.Contains(logins(), login) {
		return nil
	}
	return switches.Misuse("login", "", "--login %s: it is cookie or certificate", login)
}

// checkAttack refuses an attack that there is not.
func checkAttack(attack string) error {
	if slices.Contains(attackNames(), attack) {
		return nil
	}
	return unknownName("attack", &replay.UnknownError{What: "attack", Name: attack, Known: attackNames()})
}

// unknownName is a name of nothing that there is.
func unknownName(name string, err error) error {
	var u *replay.UnknownError
	if !errors.As(err, &u) {
		return err
	}
	known := reason.Usagef("There are %v.", reason.Names(u.Known))
	if u.What == "attack" {
		return switches.Misuse(name, known, "--%s %s: no attack is called that", name, u.Name)
	}
	return switches.Misuse(name, known, "--%s %s: no defence is called that", name, u.Name)
}

// openShared opens the store of a service. It must be there before the lesson begins: a
// lesson without it would be another one.
func openShared(at string) (*redis.Store, error) {
	store, err := redis.Open(at)
	if err != nil {
		return nil, cli.Misuse("Say for instance --store redis://localhost:6379.", "--store %s: %w", withoutPassword(at), err)
	}
	if _, err := store.Began(time.Now()); err != nil {
		_ = store.Close()
		if errors.Is(err, session.ErrUnavailable) {
			return nil, cli.Failure("Start a Redis there, or leave --store out: a store in this process does as well.", "no Redis answers at %s: %w", withoutPassword(at), err)
		}
		return nil, cli.Failure("", "--store %s: %w", withoutPassword(at), err)
	}
	return store, nil
}

// withoutPassword is a store's URL as it may be shown.
func withoutPassword(store string) string {
	u, err := url.Parse(store)
	if err != nil {
		return "redis://…"
	}
	return u.Redacted()
}
