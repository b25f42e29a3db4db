"""A server for all tests; each test begins with the seed."""

import os
import re
import signal
import subprocess

import boto3
import pytest

KEY = {'aws_access_key_id': 'AKIATESTTESTTESTTEST', 'aws_secret_access_key': 'only-for-tests', 'region_name': 'us-east-1'}
ROOT = {'CARILLON_ACCESS_KEY_ID': KEY['aws_access_key_id'], 'CARILLON_SECRET_ACCESS_KEY': KEY['aws_secret_access_key']}

SEED = {
    'Id': 'shop',
    'Users': [{'Id': 'agent', 'Name': 'Agent'}, {'Id': 'customer', 'Name': 'Customer'}],
    'Channels': [
        {
            'Id': 'order-1',
            'Moderators': ['agent'],
            'Members': ['customer'],
            'Messages': [{'Sender': 'agent', 'Content': 'How can I help?'}],
        }
    ],
}


@pytest.fixture(scope='session')
def endpoint():
    command = ['npx', 'carillon', 'serve', '--test-mode', '--port', '0', '--no-tls', '--data', ':memory:', '--log-level', 'error']
    server = subprocess.Popen(command, env={**os.environ, **ROOT}, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        for line in server.stdout:
            if found := re.match(r'Carillon is ready on (http:\S+)', line):
                yield found[1]
                break
        else:
            pytest.exit('The server has not started.')
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=15)


@pytest.fixture(scope='session')
def carillon(endpoint, tmp_path_factory):
    """The client of Carillon's own operations, for which boto3 needs their model."""
    models = tmp_path_factory.mktemp('models')
    subprocess.run(['npx', 'carillon', 'models', str(models)], check=True, stdout=subprocess.DEVNULL)
    session = boto3.session.Session(**KEY)
    session._loader.search_paths.append(str(models))
    return session.client('carillon', endpoint_url=endpoint)


@pytest.fixture
def shop(carillon):
    """The ARN of the app instance of the seed."""
    carillon.reset_test_server()
    return carillon.seed_app_instance(**SEED)['AppInstanceArn']


@pytest.fixture
def messaging(endpoint):
    return boto3.client('chime-sdk-messaging', endpoint_url=endpoint, **KEY)
