package dev.dunlin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.fail;

import java.nio.file.Path;
import java.util.function.Function;
import kotlin.Unit;
import kotlin.coroutines.Continuation;
import kotlin.coroutines.EmptyCoroutineContext;
import kotlinx.coroutines.BuildersKt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Java catches what is refused: that this compiles is half of it. */
class JavaTest {
    @Test
    void aRefusalIsCaughtWithWhatItSays(@TempDir Path directory) throws InterruptedException {
        try (Node node = open(directory.resolve("ann"))) {
            try {
                node.space("barn");
                fail("there is no such space");
            } catch (DunlinException refusal) {
                assertEquals("NotFound", refusal.getCode());
                assertFalse(refusal.getReason().isEmpty() || refusal.getRemedy().isEmpty());
                assertFalse(refusal.isRetryable());
            }
            try {
                Space space = waitFor(continuation -> node.createSpace("", continuation));
                fail("a space without a name: " + space);
            } catch (DunlinException refusal) {
                assertEquals("InvalidInput", refusal.getCode());
            }
        }
    }

    @Test
    void aSealerInJavaSaysThatItsKeyIsLost(@TempDir Path directory) throws InterruptedException {
        try {
            Node node = waitFor(continuation -> Dunlin.INSTANCE.open(directory.resolve("ann"), options -> {
                options.setSealer(new Forgetful());
                return Unit.INSTANCE;
            }, continuation));
            fail("nothing seals the key of " + node);
        } catch (DunlinException refusal) {
            assertEquals("KeyLost", refusal.getCode());
        }
    }

    private static final class Forgetful implements KeySealer {
        @Override
        public byte[] seal(byte[] seed) {
            throw new SealException("the key is gone", true, null);
        }

        @Override
        public byte[] unseal(byte[] sealed) {
            return seal(sealed);
        }
    }

    private static Node open(Path directory) throws InterruptedException {
        return waitFor(continuation -> Dunlin.INSTANCE.open(directory, options -> Unit.INSTANCE, continuation));
    }

    /** Calls a suspending function and blocks until it has ended. */
    private static <T> T waitFor(Function<Continuation<? super T>, Object> call) throws InterruptedException {
        return BuildersKt.runBlocking(
            EmptyCoroutineContext.INSTANCE, (scope, continuation) -> call.apply(continuation));
    }
}
