using System.CommandLine;
using System.CommandLine.Help;
using System.Globalization;
using Hearth.Api;
using Hearth.Api.Messages;
using Hearth.Disks;
using Hearth.Linux;

namespace Hearth.Commands;

/// <summary><c>hearth guest</c>: the guests of the house.</summary>
internal static class GuestCommand
{
    public const string Name = "guest";
    public const string Description = "The guests of the house: virtual machines, each with a system of its own.";

    public static Command Build()
    {
        var command = new Command(Name, Description) { HomeOption.Instance, JsonOption.Instance };
        command.Add(BuildList());
        command.Add(BuildAdd());
        command.Add(BuildShow());
        command.Add(BuildEdit());
        foreach (Command each in GuestRunCommands.Build().Concat(GuestStateCommands.Build()))
            command.Add(each);
        command.Add(BuildClone());
        command.Add(BuildRemove());
        command.Add(GuestConsoleCommand.Build());
        command.Add(BuildScreenshot());
        command.SetAction(parsed => new HelpAction().Invoke(parsed));
        return command;
    }

    private const string Later = "\nWhat was changed of the machine counts when it boots the next time. Until then it goes on, from its saved states too, with what it was started with.\n";

    /// <summary>The address of a guest.</summary>
    public static string PathOf(string guest) => $"/v1/guests/{ApiClient.Part(guest)}";

    private static Command BuildList()
    {
        var command = new Command("list", "Tell which guests there are.");
        command.SetAction(parsed => DaemonCall.Run(parsed, async client =>
        {
            GuestMessage[] guests = await client.GetAsync("/v1/guests", ApiJson.Client.GuestMessageArray);
            DaemonCall.Print(parsed, guests, _ => guests.Length == 0 ? "There is no guest yet: `hearth guest add NAME --disk FILE` brings one.\n" : GuestText.List(guests));
        }));
        return command;
    }

    private static Command BuildAdd()
    {
        var name = new Argument<string>("NAME") { Description = "How the guest is called: letters of any language, digits, - and _." };
        var options = new GuestOptions();
        var command = new Command("add", "Bring a guest into the house. It is not started.") { name };
        options.AddTo(command);
        command.SetAction(parsed => DaemonCall.Run(parsed, async client =>
        {
            GuestSettings settings = options.Read(parsed) with { Name = parsed.GetValue(name) };
            GuestMessage guest = await client.AskAsync(HttpMethod.Post, "/v1/guests", settings, ApiJson.Client.GuestSettings, ApiJson.Client.GuestMessage);
            DaemonCall.Print(parsed, guest, _ => $"{guest.Name} is a guest of the house. `hearth guest start {guest.Name}` starts it, `hearth seat switch SEAT {guest.Name}` shows it.\n{TellMissing(settings)}");
        }));
        return command;
    }

    private static Command BuildShow()
    {
        Argument<string> name = NameCompletion.OfGuest();
        var command = new Command("show", "Tell all about a guest.") { name };
        command.SetAction(parsed => DaemonCall.Run(parsed, async client =>
        {
            GuestMessage guest = await client.GetAsync(PathOf(parsed.GetValue(name)!), ApiJson.Client.GuestMessage);
            DaemonCall.Print(parsed, guest, width => GuestText.Describe(guest, width));
        }));
        return command;
    }

    private static Command BuildEdit()
    {
        Argument<string> name = NameCompletion.OfGuest();
        var rename = new Option<string>("--name") { Description = "Another name.", HelpName = "NAME" };
        var options = new GuestOptions();
        var command = new Command("edit", "Change a guest. What may be repeated takes the place of all that was before; an empty value (--kernel \"\") takes a setting away. One that runs goes on as it is.") { name, rename };
        options.AddTo(command);
        command.SetAction(parsed => DaemonCall.Run(parsed, async client =>
        {
            GuestSettings settings = options.Read(parsed) with { Name = parsed.GetValue(rename) };
            GuestMessage guest = await client.AskAsync(HttpMethod.Patch, PathOf(parsed.GetValue(name)!), settings, ApiJson.Client.GuestSettings, ApiJson.Client.GuestMessage);
            DaemonCall.Print(parsed, guest, width => GuestText.Describe(guest, width) + (guest.Phase is "stopped" ? "" : Later) + TellMissing(settings));
        }));
        return command;
    }

    /// <summary>A disk may be plugged in later: the guest is not refused for it.</summary>
    private static string TellMissing(GuestSettings settings)
    {
        IEnumerable<string?> files = [settings.Kernel, settings.Initrd, .. (settings.Disks ?? []).Select(disk => disk.Path), .. settings.CdRoms ?? []];
        return string.Concat(files.OfType<string>().Where(file => file.Length > 0 && !File.Exists(file)).Select(file => $"{file} is not there now: the guest does not start without it.\n"));
    }

    private static Command BuildClone()
    {
        Argument<string> name = NameCompletion.OfGuest();
        var newName = new Argument<string>("NEW-NAME") { Description = "How the new guest is called." };
        var state = new Option<long?>("--state") { Description = "What it is made of: a state of the guest. [default: the guest as it is stopped]", HelpName = "ID" };
        var command = new Command("clone", "Make a new guest of another: settings, disks and states.") { name, newName, state };
        command.SetAction(parsed => DaemonCall.Run(parsed, async client =>
        {
            using var progress = new ProgressLine("copied");
            GuestMessage guest = await client.AskLongAsync(
                $"{PathOf(parsed.GetValue(name)!)}/clone", new CloneRequest(parsed.GetValue(newName), parsed.GetValue(state)), ApiJson.Client.CloneRequest, ApiJson.Client.LongAnswerGuestMessage, progress);
            progress.Clear();
            DaemonCall.Print(parsed, guest, _ => $"{guest.Name} is a guest of the house. `hearth guest start {guest.Name}` starts it.\n");
        }));
        return command;
    }

    private static Command BuildRemove()
    {
        Argument<string> name = NameCompletion.OfGuest();
        var force = new Option<bool>("--force") { Description = "Do not ask.", Arity = ArgumentArity.Zero };
        var command = new Command("remove", "Remove a guest that is stopped, with its saved states and the disks that were made for it.") { name, force };
        command.SetAction(parsed => DaemonCall.Run(parsed, async client =>
        {
            string guest = parsed.GetValue(name)!;
            StateMessage[] states = await client.GetAsync($"{PathOf(guest)}/states", ApiJson.Client.StateMessageArray);
            if (!parsed.GetValue(force))
                Confirm(guest, states.Length);
            await client.DoAsync(HttpMethod.Delete, PathOf(guest));
        }));
        return command;
    }

    private static Command BuildScreenshot()
    {
        Argument<string> name = NameCompletion.OfGuest();
        var file = new Argument<string?>("FILE") { Description = "Where the picture goes. [default: NAME.png]", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("screenshot", "Keep a picture of a guest's screen as a PNG file: as it is, or as it was when it was saved.") { name, file };
        command.SetAction(parsed => DaemonCall.Run(parsed, async client =>
        {
            string guest = parsed.GetValue(name)!;
            string path = parsed.GetValue(file) ?? $"{guest}.png";
            byte[] picture = await client.GetBytesAsync($"{PathOf(guest)}/screenshot");
            try
            {
                await File.WriteAllBytesAsync(path, picture);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new UsageException($"{path} cannot be written: {error.Message.TrimEnd('.')}", error);
            }
        }));
        return command;
    }

    /// <summary>States are never given up unasked.</summary>
    private static void Confirm(string guest, int states)
    {
        string kept = string.Create(CultureInfo.InvariantCulture, $"{states} saved state{(states == 1 ? "" : "s")}");
        if (!RawTerminal.IsTerminal(new FileDescriptor(0)))
            throw new UsageException($"{guest} would be gone for good, with {kept}: say --force to remove it without being asked");
        Console.Error.Write($"{guest} will be gone for good, with {kept}. Remove it? [y/N] ");
        if (Console.ReadLine() is not ("y" or "Y" or "yes"))
            throw new UsageException($"{guest} stays");
    }
}
