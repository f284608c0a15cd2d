"""The broker in memory keeps the contract."""

import pytest

from models.ids import new_id
from tests.pubsub.contract import BrokerContract
from tests.pubsub.worlds import MemoryWorld, World


class TestMemoryBroker(BrokerContract):
    """All promises, without any server."""

    @pytest.fixture
    def world(self) -> World:
        return MemoryWorld(project_id=new_id())
