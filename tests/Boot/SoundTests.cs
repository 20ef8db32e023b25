using System.Globalization;

namespace Hearth.Boot.Tests;

/// <summary>The sound card with Linux' own driver, snd_hda_intel with the generic codec driver, and Debian's aplay.</summary>
public sealed class SoundTests
{
    private const int Frequency = 1000;
    private const string Tone = "tone.raw";

    // The driver looks for codecs on a thread of its own. What a mixer lacks is no mistake.
    private const string Prepare = """
        for try in $(seq 100); do test -e /dev/snd/pcmC0D0p && break; sleep 0.2; done
        for control in Master Front Surround Center LFE Capture Mic; do amixer -q -c 0 sset $control 100% unmute cap 2> /dev/null; done
        for control in Front Surround Center LFE; do amixer -q -c 0 sset $control 100% unmute 2> /dev/null; done
        """;

    [Fact]
    public void Tone_playedByAplay_arrivesSampleForSample()
    {
        const double Seconds = 3;
        byte[] frames = WavFile.Tones(Seconds, Frequency, Frequency);
        using TestGuest guest = Guest(
            $"""
            {Prepare}
            cat /proc/asound/cards
            start=$(cut -d ' ' -f 1 /proc/uptime)
            aplay -q -D hw:0,0 -t raw -f S16_LE -c 2 -r 48000 /{Tone} && echo "played=yes"
            echo "start=$start"
            echo "end=$(cut -d ' ' -f 1 /proc/uptime)"
            """,
            frames);
        string file = guest.Scratch["out.wav"];

        HearthOutcome outcome = guest.With("--sound", $"wav:{file}").Run().AssertPoweredOff();

        Assert.Equal("yes", outcome.Value("played"));
        Assert.DoesNotContain("underrun", outcome.Console, StringComparison.OrdinalIgnoreCase);
        WavFile wav = WavFile.Read(file);
        short[] left = wav.Channel(0);
        int first = Array.FindIndex(left, sample => sample != 0) - 1;
        Assert.InRange(first, 0, wav.Length - (int)(Seconds * WavFile.Rate));
        Assert.Equal(2, wav.Channels);
        for (int i = 0; i < (int)(Seconds * WavFile.Rate); i++)
            Assert.True(left[first + i] == WavFile.Sample(i, Frequency), $"sample {i} is {left[first + i]} and was {WavFile.Sample(i, Frequency)}");
        Assert.Equal(left, wav.Channel(1));
        Assert.InRange(WavFile.ShareOf(left.AsSpan(first, 2 * WavFile.Rate), Frequency), 0.999, 1.001);
        double took = double.Parse(outcome.Value("end"), CultureInfo.InvariantCulture) - double.Parse(outcome.Value("start"), CultureInfo.InvariantCulture);
        Assert.True(took >= Seconds - 0.1, $"the guest played {Seconds} s in {took} s");
        Assert.Empty(BrokenHardware.FindIn(outcome));
    }

    [Fact]
    public void Surround_playedByAplay_hasItsChannelsInOrder()
    {
        // As ALSA has them on this card: front left and right, rear left and right, centre, low frequencies.
        byte[] frames = WavFile.Tones(1.5, 400, 500, 600, 700, 800, 900);
        using TestGuest guest = Guest(
            $"""
            {Prepare}
            aplay -q -D hw:0,0 -t raw -f S16_LE -c 6 -r 48000 /{Tone} && echo "played=yes"
            """,
            frames);
        string file = guest.Scratch["out.wav"];

        HearthOutcome outcome = guest.With("--sound", $"wav:{file}").Run().AssertPoweredOff();

        Assert.Equal("yes", outcome.Value("played"));
        WavFile wav = WavFile.Read(file);
        Assert.Equal(6, wav.Channels);
        int[] expected = [400, 500, 800, 900, 600, 700];
        for (int channel = 0; channel < expected.Length; channel++)
        {
            short[] samples = wav.Channel(channel);
            int first = Array.FindIndex(samples, sample => sample != 0);
            Assert.True(first >= 0 && samples.Length - first >= WavFile.Rate, $"channel {channel} is silent");
            Assert.InRange(WavFile.ShareOf(samples.AsSpan(first, WavFile.Rate), expected[channel]), 0.99, 1.01);
        }
    }

    [Fact]
    public void Microphone_recordedByAplay_isHeardInTheRecording()
    {
        using TestGuest guest = Guest(
            $"""
            {Prepare}
            aplay -q -C -D hw:0,0 -t raw -f S16_LE -c 2 -r 48000 -d 2 /tmp/recorded && echo "recorded=$(stat -c %s /tmp/recorded)"
            aplay -q -D hw:0,0 -t raw -f S16_LE -c 2 -r 48000 /tmp/recorded && echo "played=yes"
            """,
            []);
        string file = guest.Scratch["out.wav"];
        string microphone = guest.Scratch.Write("microphone.wav", WavFile.Tone(1, 440));

        HearthOutcome outcome = guest.With("--sound", $"wav:{file}", "--microphone", microphone).Run().AssertPoweredOff();

        Assert.Equal(("384000", "yes"), (outcome.Value("recorded"), outcome.Value("played")));
        short[] left = WavFile.Read(file).Channel(0);
        int first = Array.FindIndex(left, sample => sample != 0);
        Assert.True(first >= 0, "the microphone is silent");
        Assert.InRange(WavFile.ShareOf(left.AsSpan(first, WavFile.Rate), 440), 0.99, 1.01);
    }

    [Fact]
    public void Playback_savedInTheMiddle_goesOnWithoutABreakInEitherPart()
    {
        byte[] frames = WavFile.Tones(20, Frequency, Frequency);
        using TestGuest guest = Guest(
            $"""
            {Prepare}
            (sleep 2; echo playing) &
            aplay -q -D hw:0,0 -t raw -f S16_LE -c 2 -r 48000 /{Tone} && echo "played=yes"
            """,
            frames);
        string before = guest.Scratch["before.wav"];
        string after = guest.Scratch["after.wav"];
        string state = guest.Scratch["saved"];
        HearthOutcome saved;
        using (HearthProcess process = HearthProcess.Start([.. guest.Arguments, "--sound", $"wav:{before}", "--save", state]))
        {
            process.WaitForText("playing");
            process.Save();
            saved = process.WaitForExit();
        }

        HearthOutcome restored = HearthProcess.Run([.. guest.Arguments, "--sound", $"wav:{after}", "--restore", state]).AssertPoweredOff();

        Assert.Equal(14, saved.ExitCode);
        Assert.Equal("yes", restored.Value("played"));
        int total = Unbroken(before) + Unbroken(after);

        // Where the parts meet nothing is lost but what was on its way. What follows the end is the driver's, which stops the stream some time after it.
        Assert.InRange(total, 19.9 * WavFile.Rate, 20.2 * WavFile.Rate);
    }

    /// <summary>Finds the tone.</summary>
    /// <returns>How many samples there are of which each is the one a period before.</returns>
    private static int Unbroken(string file)
    {
        const int Period = WavFile.Rate / Frequency;
        short[] left = WavFile.Read(file).Channel(0);
        int first = Array.FindIndex(left, sample => sample != 0);
        int last = Array.FindLastIndex(left, sample => sample != 0);
        Assert.True(first >= 0 && last - first > Period, $"{file} is silent");
        return Enumerable.Range(first + Period, last + 1 - first - Period).TakeWhile(at => left[at] == left[at - Period]).Count() + Period;
    }

    private static TestGuest Guest(string script, byte[] tone) => new(
        TestEngine.Arguments, GuestAssets.Kernel, script, initramfs => AlsaPrograms.AddTo(initramfs).AddFile(Tone, tone), "snd_hda_codec_generic", "snd_hda_intel");
}
