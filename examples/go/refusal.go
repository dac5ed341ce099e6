package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	pb "keyturn.example/keyturn/v1"
)

// refusal is a certain answer of Keyturn itself: the call had no effect. The reason is a value of the contract, so the
// compiler knows its spelling.
type refusal struct {
	reason    pb.ErrorReason
	code      codes.Code
	sentence  string
	fields    []*errdetails.BadRequest_FieldViolation
	requestID string
	// wait is how long the service asks to be left alone; zero if it did not say.
	wait time.Duration
}

// doubt is every other failure: nobody knows whether the call had its effect.
type doubt struct{ cause error }

func (d doubt) Error() string {
	return fmt.Sprintf("no certain answer: %v\n  what to do: run it again; what was begun is finished then", d.cause)
}

func (d doubt) Unwrap() error { return d.cause }

// judge tells a refusal from doubt. Only Keyturn's own google.rpc.ErrorInfo makes a refusal: proxies have statuses, too,
// and where the service itself has failed, or the time is over, the change may have been made.
func judge(err error, answered metadata.MD) error {
	if err == nil {
		return nil
	}
	answer, _ := status.FromError(err)
	refused := &refusal{code: answer.Code(), sentence: answer.Message()}
	for _, detail := range answer.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			if detail.Domain == "keyturn" {
				refused.reason = pb.ErrorReason(pb.ErrorReason_value["ERROR_REASON_"+detail.Reason])
			}
		case *errdetails.BadRequest:
			refused.fields = detail.FieldViolations
		}
	}
	switch answer.Code() {
	case codes.Internal, codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.Unknown:
		return doubt{err}
	}
	if refused.reason == pb.ErrorReason_ERROR_REASON_UNSPECIFIED {
		return doubt{err}
	}
	if seconds, err := strconv.Atoi(first(answered, "retry-after")); err == nil {
		refused.wait = time.Duration(seconds) * time.Second
	}
	refused.requestID = first(answered, "x-request-id")
	return refused
}

// Error says what was refused, why, and what to do about it. It quotes nothing that was sent.
func (r *refusal) Error() string {
	text := fmt.Sprintf("refused: %s (%s): %s", strings.TrimPrefix(r.reason.String(), "ERROR_REASON_"), r.code, r.sentence)
	for _, field := range r.fields {
		text += fmt.Sprintf("\n  field %s: %s", field.Field, field.Description)
	}
	if r.wait > 0 {
		text += fmt.Sprintf("\n  the service asks to wait: %s", r.wait)
	}
	if todo := r.todo(); todo != "" {
		text += "\n  what to do: " + todo
	}
	return text + "\n  the service's log has more under the request id " + r.requestID
}

// todo is what the one who runs this can do about a refusal; empty if there is nothing to say but what the service says.
func (r *refusal) todo() string {
	switch r.reason {
	case pb.ErrorReason_ERROR_REASON_DEVICE_UNAUTHENTICATED:
		return "this JWT is spent, or its exp has passed, or its key is not the current one; never send it again, sign another one with the current key"
	case pb.ErrorReason_ERROR_REASON_DEVICE_FROZEN:
		return "ask the operator to unfreeze the device, then run it again; the keys are kept until then"
	case pb.ErrorReason_ERROR_REASON_KEY_UPDATES_NOT_ALLOWED:
		return "ask the operator: this device was registered without the right to replace its key"
	case pb.ErrorReason_ERROR_REASON_PUBLIC_KEY_REUSED:
		return "run it again: the next run makes another new key; if this comes twice, the device lacks entropy or was copied"
	case pb.ErrorReason_ERROR_REASON_PUBLIC_KEY_INVALID:
		return "the service does not take this kind of key; run it again with another -algorithm"
	case pb.ErrorReason_ERROR_REASON_DEVICE_EXISTS:
		return "the id is taken and its key is not in the folder: choose another -device, or another -folder"
	case pb.ErrorReason_ERROR_REASON_UNAUTHENTICATED, pb.ErrorReason_ERROR_REASON_IOTDA_UNAUTHENTICATED:
		return "check the token file: -operator-token-file or -application-token-file"
	case pb.ErrorReason_ERROR_REASON_IOTDA_TOKEN_EXPIRED:
		return "get another token, and run it again"
	case pb.ErrorReason_ERROR_REASON_IOTDA_PERMISSION_DENIED:
		return "use a token of a user of this project with the action iotda:devices:resetSecret"
	case pb.ErrorReason_ERROR_REASON_IOTDA_DEVICE_NOT_FOUND:
		return "check -device and -project, or register the device first"
	case pb.ErrorReason_ERROR_REASON_IOTDA_INPUT_INVALID, pb.ErrorReason_ERROR_REASON_INVALID_ARGUMENT:
		return "mend the fields that are named; the same request will always be refused"
	case pb.ErrorReason_ERROR_REASON_AUTHENTIQ_DUPLICATE_HASH:
		return "another key holds this address or number; its holder has to revoke that key first"
	case pb.ErrorReason_ERROR_REASON_AUTHENTIQ_AUTH_ERROR:
		return "a code counts for 600 s and until the fifth wrong one, a JWT until a newer one was sent; begin again"
	case pb.ErrorReason_ERROR_REASON_AUTHENTIQ_REVOKED_KEY:
		return "a revoked key never comes back: begin with another -folder"
	case pb.ErrorReason_ERROR_REASON_AUTHENTIQ_UNKNOWN_KEY:
		return "register the identity key first"
	case pb.ErrorReason_ERROR_REASON_AUTHENTIQ_RATE_LIMIT:
		return "run it again after that time: at most 3 codes go to an address in 600 s"
	}
	if r.wait > 0 {
		return "run it again after that time"
	}
	return ""
}

func first(values metadata.MD, name string) string {
	if found := values.Get(name); len(found) > 0 {
		return found[0]
	}
	return ""
}
