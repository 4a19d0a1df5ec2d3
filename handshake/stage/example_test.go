package stage_test

import (
	"context"
	"fmt"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/stage"
	"tlslab/pki"
)

// Two endpoints with a program behind each: the client asks once, and the server answers.
// Certificates are made for the time on the stage, which is not that of the machine.
func ExampleStage_Converse() {
	s := stage.New(context.Background(), "1")
	s.Listener = event.ListenerFunc(func(e event.Event) {
		if m, ok := e.(*event.Message); ok && m.Dir == event.Send {
			fmt.Println(m.Party, "sends", m.Kind)
		}
	})
	lesson, err := pki.NewLesson(pki.LessonOptions{Time: s.Now(), Rand: s.Stream("ca")})
	if err != nil {
		fmt.Println(err)
		return
	}
	conn := s.NewConn()
	config := func(party string) *handshake.Config {
		return &handshake.Config{Party: party, Conn: conn, Rand: s.Stream(party), Time: s.Now, Listener: s}
	}
	c, v := config("client"), config("server")
	c.Roots, c.ServerName = lesson.Roots, lesson.Name
	v.Certificates = []handshake.Certificate{{Chain: lesson.Chain, Key: lesson.Key}}
	client, err := handshake.NewClient(c)
	if err != nil {
		fmt.Println(err)
		return
	}
	server, err := handshake.NewServer(v)
	if err != nil {
		fmt.Println(err)
		return
	}

	question, answer := "what time is it?", "" // what is still to be said
	err = s.Converse(&stage.Line{
		Client: &stage.End{
			Endpoint: client,
			Take: func(data []byte, _ bool) error {
				fmt.Printf("the client reads %q\n", data)
				return nil
			},
			Say: func() (bool, error) { return say(client, &question) },
		},
		Server: &stage.End{
			Endpoint: server,
			Take: func(data []byte, _ bool) error {
				fmt.Printf("the server reads %q\n", data)
				answer = s.Now().Format("15:04")
				return nil
			},
			Say: func() (bool, error) { return say(server, &answer) },
		},
	})
	fmt.Println(client.Done(), server.Done(), err)
	// Output:
	// client sends client_hello
	// server sends server_hello
	// server sends change_cipher_spec
	// server sends encrypted_extensions
	// server sends certificate
	// server sends certificate_verify
	// server sends finished
	// client sends change_cipher_spec
	// client sends finished
	// the server reads "what time is it?"
	// the client reads "00:00"
	// true true <nil>
}

// say writes text once, as soon as e may write. What e refuses stays in e.
func say(e *handshake.Endpoint, text *string) (said bool, err error) {
	if *text == "" || e.MayWrite() != event.ApplicationData {
		return false, nil
	}
	n, _ := e.Write([]byte(*text))
	*text = ""
	return n > 0, nil
}
