import threading
import time

from needle_shared.grading.gate import Gate


def test_one_who_is_alone_is_alone() -> None:
    gate, inside, seen = Gate(), [0], []
    lock = threading.Lock()

    def shared() -> None:
        for _ in range(20):
            with gate.shared():
                with lock:
                    inside[0] += 1
                time.sleep(0.0005)
                with lock:
                    inside[0] -= 1

    def alone() -> None:
        for _ in range(10):
            with gate.alone():
                seen.append(inside[0])
                time.sleep(0.0005)
                seen.append(inside[0])

    threads = [threading.Thread(target=work, daemon=True) for work in [shared] * 4 + [alone] * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    assert seen == [0] * 40


def test_several_share() -> None:
    gate = Gate()
    with gate.shared(), gate.shared():
        pass
