using System.Globalization;

namespace Hearth.Boot.Tests;

/// <summary>A guest's screen, looked at every few seconds.</summary>
internal sealed class WatchedScreen(ScratchDirectory scratch, int seconds)
{
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(200);

    private readonly int _count = (int)HearthProcess.Patience.TotalSeconds / seconds;

    /// <summary>The arguments for as many pictures as there is patience.</summary>
    public string[] Arguments =>
        [.. Enumerable.Range(1, _count).SelectMany(index => new[] { "--screenshot", string.Create(CultureInfo.InvariantCulture, $"{File(index)},after={index * seconds}") })];

    /// <summary>Waits for a picture that is as it should be.</summary>
    /// <param name="look">What a picture shows.</param>
    /// <param name="isExpected">Whether it is that.</param>
    /// <returns>The file that shows it.</returns>
    public string WaitFor<T>(HearthProcess process, Func<string, T> look, Func<T, bool> isExpected)
    {
        string last = "nothing";
        for (int index = 1; index <= _count; index++)
        {
            while (!System.IO.File.Exists(File(index)))
            {
                Assert.False(process.HasExited, $"hearth has ended; the last picture shows {last}");
                Thread.Sleep(s_poll);
            }

            T shown = look(File(index));
            if (isExpected(shown))
                return File(index);
            last = shown is IEnumerable<string> rows ? string.Join('\n', rows) : $"{shown}";
        }

        throw new TimeoutException($"the screen never shows what it should, but {last}");
    }

    private string File(int index) => scratch[$"screen{index}.png"];
}
