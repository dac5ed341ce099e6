package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"google.golang.org/grpc"

	pb "keyturn.example/keyturn/v1"
)

// openReset is a reset that was asked for and not yet answered.
type openReset struct {
	IdempotencyKey string `json:"idempotency_key"`
	ProjectID      string `json:"project_id"`
	DeviceID       string `json:"device_id"`
	SecretType     string `json:"secret_type"`
}

// resetSecret lets the service make a new secret for the device, as an application does. The key of the request is
// stored before it is sent: whoever sends it again gets the same secret, so none is lost with its answer.
func (c *client) resetSecret(ctx context.Context) error {
	token, err := readToken(orElse(c.applicationTokenFile, c.operatorTokenFile))
	if err != nil {
		return err
	}
	open := filepath.Join(c.folder, "reset.json")
	asked, err := c.openReset(open)
	if err != nil {
		return err
	}
	secrets := pb.NewDeviceSecretServiceClient(c)
	request := &pb.ResetDeviceSecretRequest{
		ProjectId: asked.ProjectID,
		DeviceId:  asked.DeviceID,
		ActionId:  "resetSecret",
		Reset_:    &pb.DeviceSecretReset{SecretType: &asked.SecretType},
	}
	var answer *pb.ResetDeviceSecretResponse
	answered, err := c.untilCertain(ctx, []string{"x-auth-token", token, "idempotency-key", asked.IdempotencyKey},
		func(ctx context.Context, options ...grpc.CallOption) (err error) {
			answer, err = secrets.ResetDeviceSecret(ctx, request, options...)
			return err
		})
	var refused *refusal
	if errors.As(err, &refused) && refused.wait == 0 {
		// A refused reset has changed nothing, and its key stays free.
		if err := removeDurably(open); err != nil {
			return err
		}
		return refused
	}
	if err != nil {
		return err
	}
	file := filepath.Join(c.folder, map[string]string{"PRIMARY": "secret", "SECONDARY": "secondary_secret"}[answer.SecretType])
	if err := writeDurably(file, answer.Secret+"\n"); err != nil {
		return err
	}
	if err := removeDurably(open); err != nil {
		return err
	}
	c.say("reset_secret", "the %s secret of %s is new%s; it is in %s", answer.SecretType, answer.DeviceId, sinceEarlier(answered), file)
	return nil
}

// openReset returns the reset that an interrupted run has asked for, or stores a new one.
func (c *client) openReset(path string) (*openReset, error) {
	text, err := readPrivate(path)
	if err != nil {
		return nil, err
	}
	asked := &openReset{ProjectID: c.project, DeviceID: c.device, SecretType: c.secretType}
	if text != "" {
		if err := json.Unmarshal([]byte(text), asked); err != nil {
			return nil, usageError{fmt.Sprintf("%s: %v", path, err)}
		}
		c.say("reset_secret", "a run was interrupted: its reset of %s is finished first", asked.DeviceID)
		return asked, nil
	}
	if asked.IdempotencyKey, err = randomHex(16); err != nil {
		return nil, err
	}
	written, err := json.Marshal(asked)
	if err != nil {
		return nil, err
	}
	return asked, writeDurably(path, string(written)+"\n")
}
