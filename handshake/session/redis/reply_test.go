package redis_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"tlslab/handshake/session"
	"tlslab/handshake/session/redis"
)

// answers listens, and says to each command what reply says of it, a piece at a time.
func answers(t *testing.T, reply func(command string) [][]byte) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for r := bufio.NewReader(c); ; {
					command, err := readCommand(r)
					if err != nil {
						return
					}
					for _, b := range reply(command) {
						if _, err := c.Write(b); err != nil {
							return
						}
					}
				}
			}()
		}
	}()
	return "redis://" + l.Addr().String()
}

// readCommand reads an array of strings, and returns the first: a command's name.
func readCommand(r *bufio.Reader) (name string, err error) {
	var n, length int
	if _, err := fmt.Fscanf(r, "*%d\r\n", &n); err != nil {
		return "", err
	}
	for i := range n {
		if _, err := fmt.Fscanf(r, "$%d\r\n", &length); err != nil {
			return "", err
		}
		b := make([]byte, length+2)
		if _, err := io.ReadFull(r, b); err != nil {
			return "", err
		}
		if i == 0 {
			name = strings.ToUpper(string(b[:length]))
		}
	}
	return name, nil
}

// lies are replies that no Redis would send. Said is what of them the error tells.
var lies = map[string]struct{ reply, said string }{
	"a string of all that can be counted": {"$9223372036854775807\r\n", "9223372036854775807"},
	"a string of nearly so much":          {"$9223372036854774807\r\n", "9223372036854774807"},
	"a string of more than that":          {"$99999999999999999999999999\r\n", "99999999999999999999"},
	"a string of 2 GiB":                   {"$2147483647\r\n", "2147483647"},
	"a string of one byte too many":       {"$1048577\r\n" + strings.Repeat("x", 1<<20+1) + "\r\n", "1048577"},
	"a string of less than nothing":       {"$-2\r\n", `"-2"`},
	"a string of plus five":               {"$+5\r\nhello\r\n", `"+5"`},
	"a string of no length":               {"$\r\n", `""`},
	"an array of all memory":              {"*2147483647\r\n", "2147483647"},
	"an array of more":                    {"*9223372036854775807\r\n", "9223372036854775807"},
	"arrays that are too many together":   {"*2\r\n*1000\r\n" + strings.Repeat(":1\r\n", 1000) + "*1000\r\n", "1000"},
	"arrays in arrays in arrays":          {strings.Repeat("*1\r\n", 1<<20), "deep"},
	"a map of version 3":                  {"%2147483647\r\n", "%"},
	"a set of version 3":                  {"~2147483647\r\n", "~"},
	"a push of version 3":                 {">2147483647\r\n", ">"},
	"attributes of version 3":             {"|2147483647\r\n", "|"},
	"an error of version 3":               {"!2147483647\r\n", "!"},
	"a verbatim string of version 3":      {"=2147483647\r\n", "="},
	"a number of version 3":               {"(" + strings.Repeat("9", 1<<20) + "\r\n", "line"},
	"a line without an end":               {"+" + strings.Repeat("x", 8<<20), "line"},
	"a line that ends in LF alone":        {"+OK\n", "CR LF"},
	"HTTP":                                {"HTTP/1.1 400 Bad Request\r\n\r\n", `"H"`},
	"nothing in a line":                   {"\r\n", "CR LF"},
}

// hello is a true answer to HELLO, with modules, of a Redis 7.
const hello = "*14\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n7.4.1\r\n$5\r\nproto\r\n:2\r\n$2\r\nid\r\n:7\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n" +
	"$7\r\nmodules\r\n*1\r\n*8\r\n$4\r\nname\r\n$6\r\nsearch\r\n$3\r\nver\r\n:21005\r\n$4\r\npath\r\n$5\r\n/a.so\r\n$4\r\nargs\r\n*2\r\n$1\r\na\r\n*0\r\n"

// TestLies: whatever answers in a Redis's place, the process lives, takes no more memory
// than a few replies have, and the store is lost: for each call, and from the first reply
// of a connection on.
func TestLies(t *testing.T) {
	now := time.Now()
	calls := map[string]func(s *redis.Store) error{
		"Put":    func(s *redis.Store) error { return s.Put("k", nil, now.Add(time.Hour)) },
		"Get":    func(s *redis.Store) error { _, err := s.Get("k", now); return err },
		"Take":   func(s *redis.Store) error { _, err := s.Take("k", now); return err },
		"Delete": func(s *redis.Store) error { return s.Delete("k") },
		"Began":  func(s *redis.Store) error { _, err := s.Began(now); return err },
		"Once": func(s *redis.Store) error {
			first, err := s.Once("k", now.Add(time.Hour), now)
			if first {
				t.Error("it was first, on the word of a liar")
			}
			return err
		},
	}
	for name, lie := range lies {
		t.Run(name, func(t *testing.T) {
			reply := [][]byte{[]byte(lie.reply)}
			for when, truth := range map[string]string{"at once": "", "after a true HELLO": hello} {
				for call, do := range calls {
					s := open(t, answers(t, func(command string) [][]byte {
						if command == "HELLO" && truth != "" {
							return [][]byte{[]byte(truth)}
						}
						return reply
					}))
					var err error
					eventually(t, func() bool { // on a busy machine a call may run out of its time first
						before := allocated()
						err = do(s)
						if took := allocated() - before; took > 4<<20 {
							t.Errorf("%s, %s: %d KiB were allocated", when, call, took>>10)
						}
						if !errors.Is(err, session.ErrUnavailable) {
							t.Errorf("%s, %s: %v", when, call, err)
						}
						return errors.Is(err, redis.ErrReply)
					})
					if !strings.Contains(err.Error(), lie.said) {
						t.Errorf("%s, %s: %v", when, call, err)
					}
				}
			}
		})
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// TestTrueReplies: what a Redis does say is taken, a byte at a time as well, and with
// something behind it; and the longest value that there may be, there and back.
func TestTrueReplies(t *testing.T) {
	long := bytes.Repeat([]byte("\r\n$9223372036854774807\r\n*1\r\n\xff"), 1<<20)[:1<<20]
	s := open(t, answers(t, func(command string) [][]byte {
		said := map[string]string{
			"HELLO": hello, "SET": "+OK\r\n", "GET": "$26\r\n$2147483647\r\n*2147483647\r\n\r\n", "GETDEL": "$-1\r\n", "DEL": ":1\r\n",
			"EVALSHA": "-NOSCRIPT No matching script. Please use EVAL.\r\n", "EVAL": "$4\r\n1234\r\n",
		}[command]
		return bytes.SplitAfter([]byte(said), nil)
	}))
	now := time.Now()
	if first, err := s.Once("k", now.Add(time.Hour), now); !first || err != nil {
		t.Error(first, err)
	}
	if got, err := s.Get("k", now); string(got) != "$2147483647\r\n*2147483647\r\n" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := s.Take("k", now); got != nil || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if at, err := s.Began(now); at.UnixMilli() != 1234 || err != nil {
		t.Error(at, err)
	}
	must(t, s.Put("k", nil, now.Add(time.Hour)))
	must(t, s.Delete("k"))

	r := open(t, start(t).url())
	must(t, r.Put("k", long, now.Add(time.Hour)))
	if got, err := r.Get("k", now); !bytes.Equal(got, long) || err != nil {
		t.Errorf("%d bytes came back, %v", len(got), err)
	}
	if err := r.Put("k", append(long, 0), now.Add(time.Hour)); !errors.Is(err, session.ErrTooLong) {
		t.Errorf("one byte more: %v", err)
	}
}

// TestStatusIsNoMark: a Redis that says anything but OK to a mark has not made it.
func TestStatusIsNoMark(t *testing.T) {
	for _, reply := range []string{"+QUEUED\r\n", "$2\r\nok\r\n", ":1\r\n", "*1\r\n+OK\r\n"} {
		s := open(t, answers(t, func(command string) [][]byte {
			if command == "HELLO" {
				return [][]byte{[]byte(hello)}
			}
			return [][]byte{[]byte(reply)}
		}))
		if first, err := s.Once("k", time.Now().Add(time.Hour), time.Now()); first || !errors.Is(err, session.ErrUnavailable) {
			t.Errorf("%q: %v, %v", reply, first, err)
		}
	}
}
