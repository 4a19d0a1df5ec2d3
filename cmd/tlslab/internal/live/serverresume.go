package live

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/cmd/tlslab/internal/flags"
	"tlslab/handshake"
	"tlslab/handshake/narrate"
	"tlslab/handshake/reason"
	"tlslab/handshake/replay"
)

// resumeFlags are what a server says about resumption, early data, and replays of it.
type resumeFlags struct {
	numTickets, earlyData int
	store, defend         string
	ticketKeys            []string
}

// defaultDefend takes each flight of early data once, as RFC 9846 §8 demands of a server,
// and of those only what changes nothing.
// A ClientHello that is late by more than replay.DefaultWindow is not taken either, as RFC
// 9846 §4.3.10 demands, so no mark lasts for longer. Freshness would add to it that a
// store which has just begun takes none for a whole window: that is for whoever asks for it.
const defaultDefend = replay.Record + "," + replay.SafeMethods

// mostEarlyData is what one connection may make us hold, in bytes.
const mostEarlyData = 1 << 24

func (r *resumeFlags) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.IntVar(&r.numTickets, "num-tickets", 2, "how many tickets a TLS 1.3 client is given; 0 is --no-ticket")
	f.IntVar(&r.earlyData, "early-data", 0, "take up to `N` bytes of early data, which can be replayed; 0 is none (TLS 1.3)")
	f.StringVar(&r.store, "store", "memory", "where sessions, ticket keys and marks are kept: memory, or `redis://HOST:PORT`\n(rediss:// over TLS, for a network that is not yours alone)")
	f.StringArrayVar(&r.ticketKeys, "ticket-key", nil, "seal tickets under the key in this `file`, so that whichever server has it takes them, also after a\nrestart; it is made if it is not there (mode 0600). Given again, with older keys: these only open")
	f.StringVar(&r.defend, "defend", defaultDefend, "against replays: none, or a list of\n"+strings.Join(replay.Defences(), ", "))
	cli.Complete(cmd, "defend", replay.Defences)
}

// only13 names a given flag that is about TLS 1.3; "" if no such flag was given.
func (r *resumeFlags) only13(cmd *cobra.Command) string {
	return flags.FirstSet(flags.Given("--num-tickets", cmd.Flags().Changed("num-tickets")), flags.Given("--early-data", r.earlyData != 0))
}

// apply sets what is resumed, what is taken early, and what is done against replays.
func (r *resumeFlags) apply(cfg *handshake.Config, store *serverStore, noTicket bool) (*replay.Settings, error) {
	noTicket = noTicket || r.numTickets == 0
	switch {
	case r.numTickets < 0 || r.numTickets > maxTickets:
		return nil, cli.Misuse(reason.Usagef("Say a number from 0 to %d: clients of ours take no more in a row.", maxTickets), "--num-tickets %d", r.numTickets)
	case r.earlyData < 0 || r.earlyData > mostEarlyData:
		return nil, cli.Misuse(reason.Usagef("Say a number from 0 to %d.", mostEarlyData), "--early-data %d", r.earlyData)
	case r.earlyData > 0 && noTicket:
		return nil, cli.Misuse("Leave one of the two out.", "--early-data without tickets: it goes under a ticket's key")
	}
	names, err := replay.ParseDefences(r.defend)
	var unknown *replay.UnknownError
	if errors.As(err, &unknown) {
		return nil, cli.Misuse(reason.Usagef("There are %v; and none.", reason.Names(unknown.Known)), "--defend %s: there is no such defence", unknown.Name)
	}
	if err != nil {
		return nil, err
	}
	if err := r.checkTicketKey(names, noTicket); err != nil {
		return nil, err
	}
	cfg.Sessions, cfg.SessionTickets, cfg.MaxEarlyData = store, r.numTickets, uint32(r.earlyData)
	if !noTicket {
		cfg.Tickets = store.ticketKeys()
	}
	settings := &replay.Settings{Defences: names, Late: replay.DefaultWindow}
	if err := settings.Configure(cfg, store); err != nil {
		return nil, err
	}
	if store.redis != nil && !slices.Contains(names, replay.Record) { // which asks it anyway
		cfg.AcceptEarlyData = replay.All(cfg.AcceptEarlyData, store.accept)
	}
	return settings, nil
}

// announceStore says where sessions are kept, whether that works, and what becomes of
// early data. The store is asked here for the first time.
func (s *serverFlags) announceStore(w io.Writer, cfg *handshake.Config, store *serverStore, settings *replay.Settings) {
	switch {
	case len(s.resume.ticketKeys) > 0:
		s.announceTicketKey(w, store.keyMade)
	case store.redis == nil:
		fmt.Fprintln(w, "  "+cli.Say(s.Lang, "store_memory"))
	default:
		fmt.Fprintln(w, "  "+cli.Say(s.Lang, "store_redis", "place", store.place))
		if store.bare {
			fmt.Fprintln(w, "  "+cli.Say(s.Lang, "store_bare"))
		}
	}
	store.look()
	if cfg.MaxEarlyData == 0 {
		return
	}
	n := strconv.FormatUint(uint64(cfg.MaxEarlyData), 10)
	if len(settings.Defences) == 0 {
		fmt.Fprintln(w, "  "+cli.Say(s.Lang, "early_undefended", "n", n))
		return
	}
	fmt.Fprintln(w, "  "+cli.Say(s.Lang, "early_defended", "n", n, "defences", strings.Join(settings.Defences, ", ")))
	if idle := s.idleDefences(settings.Defences); len(idle) > 0 {
		fmt.Fprintln(w, "  "+cli.Say(s.Lang, "defences_idle", "defences", strings.Join(idle, ", ")))
	}
}

// idleDefences are the defences that have nothing to do here. They are the work of an
// application, and the only application here, the page of --www, changes nothing.
func (s *serverFlags) idleDefences(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return name != replay.Idempotency && (name != replay.SafeMethods || s.www)
	})
}

// tellStore says when the store stops doing its work, and when it does it again.
func (s *serverFlags) tellStore(w io.Writer) func(error) {
	place := redacted(s.resume.store)
	return func(lost error) {
		if lost != nil {
			fmt.Fprintln(w, cli.Say(s.Lang, "store_lost", "place", place, "error", narrate.Fault(s.Lang, lost))) // Redis may have written it
			return
		}
		fmt.Fprintln(w, cli.Say(s.Lang, "store_back", "place", place))
	}
}
