#!/usr/bin/env bash
# The main job with the AWS CLI: who is in which channel, page by page.
#
# Start the server first (npm start), then, with the export lines that it prints:
#
#     export AWS_SHARED_CREDENTIALS_FILE=…/credentials
#     export AWS_ENDPOINT_URL=http://127.0.0.1:8080
#     export AWS_REGION=us-east-1
#     export AWS_DEFAULT_REGION=us-east-1
#     bash examples/aws_cli_main_job.sh
set -euo pipefail

identity() { aws chime-sdk-identity --endpoint-url "$AWS_ENDPOINT_URL" --output text "$@"; }
messaging() { aws chime-sdk-messaging --endpoint-url "$AWS_ENDPOINT_URL" --output text "$@"; }

app=$(identity create-app-instance --name demo --query AppInstanceArn)
alice=$(identity create-app-instance-user --app-instance-arn "$app" --app-instance-user-id alice --name Alice --query AppInstanceUserArn)
bob=$(identity create-app-instance-user --app-instance-arn "$app" --app-instance-user-id bob --name Bob --query AppInstanceUserArn)

for name in general support random; do
  channel=$(messaging create-channel --app-instance-arn "$app" --name "$name" --member-arns "$bob" --chime-bearer "$alice" --query ChannelArn)
  messaging send-channel-message --channel-arn "$channel" --content "Welcome to $name!" \
    --type STANDARD --persistence PERSISTENT --chime-bearer "$alice" >/dev/null
done
messaging update-channel-read-marker --channel-arn "$channel" --chime-bearer "$bob" >/dev/null

token=()
while true; do
  page=$(messaging list-channel-memberships-for-app-instance-user --chime-bearer "$bob" --no-paginate --max-results 2 "${token[@]}" --query \
    '[NextToken, ChannelMemberships[].[ChannelSummary.Name, AppInstanceUserMembershipSummary.Type, AppInstanceUserMembershipSummary.ReadMarkerTimestamp]]')
  while read -r name type read_marker; do
    if [ "$read_marker" = None ]; then state=unread; else state=read; fi
    echo "$name: $type member, $state"
  done < <(tail -n +2 <<<"$page")
  next=$(head -n 1 <<<"$page")
  if [ "$next" = None ]; then break; fi
  token=(--next-token "$next")
done
