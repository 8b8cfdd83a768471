"""How a local cloud is started, announced and ended, whole or one service alone."""
