from support_chat import SupportChat


def test_the_customer_reads_what_was_said(shop, messaging):
    order, customer = f'{shop}/channel/order-1', SupportChat(messaging, f'{shop}/user/customer')
    customer.say(order, 'It is broken.')
    assert customer.history(order) == ['Agent: How can I help?', 'Customer: It is broken.']


def test_a_throttled_message_is_sent_again_and_once_only(shop, messaging, carillon):
    order, customer = f'{shop}/channel/order-1', SupportChat(messaging, f'{shop}/user/customer')
    carillon.create_test_fault(Operation='SendChannelMessage', Error='ThrottledClientException', Times=2)
    customer.say(order, 'Hello?')
    assert customer.history(order) == ['Agent: How can I help?', 'Customer: Hello?']


def test_each_test_begins_with_the_seed(shop, messaging):
    order, customer = f'{shop}/channel/order-1', SupportChat(messaging, f'{shop}/user/customer')
    assert customer.history(order) == ['Agent: How can I help?']
