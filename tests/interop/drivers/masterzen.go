// Go masterzen/winrm as Debian packages it: Basic and NTLM over HTTPS. Reads a job on stdin.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/masterzen/winrm"
)

type job struct {
	Address   string
	Https     int
	Ca        string
	User      string
	Domain    string
	Password  string
	Auth      string
	Exercises []string
}

type answer struct {
	Exercise string `json:"exercise"`
	Said     string `json:"said,omitempty"`
	Raised   string `json:"raised,omitempty"`
}

const (
	script  = "Get-VM | Select-Object Name, State"
	program = `cscript //nologo C:\Windows\System32\slmgr.vbs /dlv`
	unknown = "Get-NothingAtAll"
)

func run(told job, password string, command string) (string, error) {
	ca, err := os.ReadFile(told.Ca)
	if err != nil {
		return "", err
	}
	endpoint := winrm.NewEndpoint(told.Address, told.Https, true, false, ca, nil, nil, time.Minute)
	parameters := *winrm.DefaultParameters
	if told.Auth == "ntlm" {
		parameters.TransportDecorator = func() winrm.Transporter { return &winrm.ClientNTLM{} }
	}
	client, err := winrm.NewClientWithParameters(endpoint, told.Domain+`\`+told.User, password, &parameters)
	if err != nil {
		return "", err
	}
	out, errors, code, err := client.RunWithString(command, "")
	return fmt.Sprintf("exit code %d\n%s%s", code, out, errors), err
}

func exercise(told job, name string) (string, error) {
	switch name {
	case "script":
		return run(told, told.Password, winrm.Powershell(script))
	case "program":
		return run(told, told.Password, program)
	case "error":
		return run(told, told.Password, winrm.Powershell(unknown))
	case "wrong password":
		return run(told, "not the password", "hostname")
	case "exit code":
		return run(told, told.Password, "cmd /c exit 3")
	}
	return "", fmt.Errorf("no exercise %q", name)
}

func main() {
	var told job
	if err := json.NewDecoder(os.Stdin).Decode(&told); err != nil {
		panic(err)
	}
	for _, name := range told.Exercises {
		found := answer{Exercise: name}
		said, err := exercise(told, name)
		if err == nil {
			found.Said = said
		} else {
			found.Raised = err.Error()
		}
		if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
			panic(err)
		}
	}
}
