package live

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/narrate"
	"tlslab/handshake/ondisk"
	"tlslab/handshake/reason"
	"tlslab/handshake/replay"
	"tlslab/handshake/session"
)

// The keys of --ticket-key are in files that the user cares for. The format is described at
// session.TicketKey.

// ticketKeyFiles are the keys of --ticket-key; made is the file that was made for it, "" if all were there.
func ticketKeyFiles(names []string, l narrate.Lang) (keys *session.TicketKeys, made string, err error) {
	all := make([]session.TicketKey, len(names))
	for i := len(names) - 1; i >= 0; i-- { // the first is made when all else is well
		k, fresh, err := ticketKeyFile(names[i], i == 0, l)
		if err != nil {
			return nil, "", err
		}
		if fresh {
			made = names[i]
		}
		all[i] = *k
	}
	if keys, err = session.NewGivenTicketKeys(all[0], all[1:]...); err != nil {
		return nil, "", cli.Misuse("Name each key once, the newest first.", "--ticket-key: two of the files hold one key")
	}
	return keys, made, nil
}

// ticketKeyFile reads a key, or makes one where none is and one may be made.
func ticketKeyFile(name string, mayMake bool, l narrate.Lang) (k *session.TicketKey, made bool, err error) {
	b, err := readKey(name)
	if errors.Is(err, fs.ErrNotExist) {
		if !mayMake {
			return nil, false, cli.Misuse("Only the first is made where it is missing; those behind it are older keys.", "--ticket-key %s: there is no such file", name)
		}
		if k, err = makeKey(name); !errors.Is(err, fs.ErrExist) {
			return k, true, err
		}
		b, err = readKey(name) // another server was faster
	}
	if err != nil {
		return nil, false, cli.Unbegun("--ticket-key", name, err)
	}
	if mode := ondisk.Laxer(name); mode != 0 && runtime.GOOS != "windows" { // whose modes say nothing of others
		return nil, false, cli.ToldUnusable(l, fs.ErrPermission, "ticket_key_open", "file", name, "mode", fmt.Sprintf("%04o", mode))
	}
	if k, err = session.ParseTicketKey(b); err != nil {
		return nil, false, noTicketKey(l, name, len(b), err)
	}
	return k, false, nil
}

// readKey reads no more of a file than shows that it is none.
func readKey(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, int64(session.TicketKeyLen)+1))
}

// makeKey makes a key, in a file for its owner alone, which is there whole or not at all.
func makeKey(name string) (*session.TicketKey, error) {
	k, err := session.NewTicketKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	b, err := k.Marshal()
	if err != nil {
		return nil, err
	}
	if err := ondisk.Write(name, b, 0o600, ondisk.Keep); errors.Is(err, fs.ErrExist) {
		return nil, err
	} else if err != nil {
		return nil, cli.Unbegun("--ticket-key", name, err)
	}
	return k, nil
}

// noTicketKey says what is wrong with a file of n bytes, and none of them: it may be another program's key.
func noTicketKey(l narrate.Lang, file string, n int, err error) error {
	re := new(reason.Error)
	switch errors.As(err, &re); {
	case re.Field == "ticket_key_file.magic" && re.Reason == reason.BadValue && (n == 48 || n == 80):
		return cli.ToldUnusable(l, err, "ticket_key_theirs", "file", file, "n", strconv.Itoa(n))
	case re.Field == "ticket_key_file.magic":
		return cli.ToldUnusable(l, err, "ticket_key_foreign", "file", file)
	case re.Field == "ticket_key_file.version":
		return cli.ToldUnusable(l, err, "ticket_key_version", "file", file)
	case re.Reason == reason.Truncated:
		return cli.ToldUnusable(l, err, "ticket_key_short", "file", file, "n", strconv.Itoa(n), "whole", strconv.Itoa(session.TicketKeyLen))
	case re.Reason == reason.TrailingBytes:
		return cli.ToldUnusable(l, err, "ticket_key_long", "file", file, "whole", strconv.Itoa(session.TicketKeyLen))
	}
	return cli.ToldUnusable(l, err, "ticket_key_damaged", "file", file)
}

// checkTicketKey finds what --ticket-key cannot go with. names are the defences.
func (r *resumeFlags) checkTicketKey(names []string, noTicket bool) error {
	remember := slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return name != replay.SingleUse && (name != replay.Record || r.earlyData == 0)
	})
	switch {
	case len(r.ticketKeys) == 0:
		return nil
	case noTicket:
		return cli.Misuse("Leave one of the two out.", "--ticket-key without tickets: there is nothing to seal")
	case r.store != "memory":
		return cli.Misuse("Leave --ticket-key out.", "--store %s: servers that share it have their ticket keys from there", redacted(r.store))
	case len(remember) > 0:
		return cli.Misuse("Share what is remembered too: --store redis://HOST:PORT, in the place of --ticket-key. To have replays taken, for a lesson: --defend none.",
			"--ticket-key beside --defend %s: what one server remembers, another with that key does not know, nor does this one when it starts again", strings.Join(remember, ","))
	}
	return nil
}

// announceTicketKey says which keys there are, in the place of what is said of keys in memory.
func (s *serverFlags) announceTicketKey(w io.Writer, made string) {
	if made != "" {
		fmt.Fprintln(w, "  "+cli.Say(s.Lang, "ticket_key_made", "file", made))
	}
	fmt.Fprintln(w, "  "+cli.Say(s.Lang, "ticket_keys_kept", "file", s.resume.ticketKeys[0]))
}
