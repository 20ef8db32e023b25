using System.CommandLine;
using System.CommandLine.Help;
using System.Globalization;
using Hearth.Disks;
using Hearth.Protocol;
using Hearth.Storage;

namespace Hearth.Commands;

/// <summary><c>hearth disk</c>: makes disk images, looks at them and changes them. Only <c>info</c> and <c>snapshot list</c> work while a guest runs on them.</summary>
internal static class DiskCommand
{
    public static Command Build()
    {
        var command = new Command("disk", "Make disk images, look at them, check and change them.");
        command.Add(BuildCreate());
        command.Add(BuildInfo());
        command.Add(BuildCheck());
        command.Add(BuildConvert());
        command.Add(BuildResize());
        command.Add(BuildSnapshot());
        command.SetAction(parsed => new HelpAction().Invoke(parsed));
        return command;
    }

    private static Command BuildCreate()
    {
        Argument<string> file = File("FILE", "The new image.");
        var size = new Argument<string?>("SIZE") { Description = "Bytes, or a number with K, M, G or T. [default: the backing file's]", Arity = ArgumentArity.ZeroOrOne };
        Option<string> format = Format("--format", "qcow2 or raw.", "qcow2");
        var options = new ImageOptions();
        var backing = new Option<string>("--backing") { Description = "What is not written yet is read from this image, which must not change any more.", HelpName = "FILE" };
        Option<string> backingFormat = Format("--backing-format", "What the backing file is, where that is not to be recognised.", null);
        var command = new Command("create", "Make an empty disk image.") { file, size, format, backing, backingFormat };
        options.AddTo(command);
        command.SetAction(parsed => Run(() =>
        {
            string? sizeText = parsed.GetValue(size);
            if (sizeText is null && parsed.GetValue(backing) is null)
                throw new UsageException("a disk without a backing file needs a SIZE");
            if (parsed.GetValue(backing) is null && parsed.GetValue(backingFormat) is not null)
                throw new UsageException("--backing-format needs --backing FILE");
            var disk = new NewDisk(parsed.GetValue(file)!, sizeText is null ? null : DiskSize.Parse(sizeText))
            {
                Format = ParseFormat(parsed.GetValue(format))!.Value,
                Backing = parsed.GetValue(backing),
                BackingFormat = ParseFormat(parsed.GetValue(backingFormat)),
            };
            _ = DiskCreation.Create(options.Apply(parsed, disk));
            return ExitCode.Success;
        }));
        return command;
    }

    private static Command BuildInfo()
    {
        Argument<string> file = File("FILE", "The image.");
        Option<string> format = Format("--format", "What it is, where that is not to be recognised.", null);
        Option<bool> json = Json();
        var command = new Command("info", "Tell what an image is.") { file, format, json };
        command.SetAction(parsed => Run(() =>
        {
            DiskInfo info = DiskInspection.Describe(parsed.GetValue(file)!, ParseFormat(parsed.GetValue(format)));
            Print(parsed.GetValue(json) ? DiskJson.Write(info) : DiskText.Describe(info));
            return ExitCode.Success;
        }));
        return command;
    }

    private static Command BuildCheck()
    {
        Argument<string> file = File("FILE", "The qcow2 image.");
        var repair = new Option<bool>("--repair") { Description = "Put right what can be without losing data.", Arity = ArgumentArity.Zero };
        Option<bool> json = Json();
        var command = new Command("check", "Compare an image's tables with its reference counts. Ends with exit code 0 when it is whole, 2 when it is not.") { file, repair, json };
        command.SetAction(parsed => Run(() =>
        {
            using var progress = new ProgressLine("checked");
            CheckReport report = DiskInspection.Check(parsed.GetValue(file)!, parsed.GetValue(repair), progress);
            progress.Clear();
            Print(parsed.GetValue(json) ? DiskJson.Write(report) : DiskText.Describe(report));
            return report.IsClean ? ExitCode.Success : ExitCode.Configuration;
        }));
        return command;
    }

    private static Command BuildConvert()
    {
        Argument<string> source = File("SOURCE", "The image to copy: raw, qcow2, or with Debian's qemu-img vmdk, vdi, vhdx, vpc or qed.");
        Argument<string> target = File("TARGET", "The new image.");
        Option<string> sourceFormat = Format("--source-format", "What the source is, where that is not to be recognised.", null);
        Option<string> format = Format("--format", "What the target is to be: qcow2 or raw.", "qcow2");
        var options = new ImageOptions();
        var command = new Command("convert", "Copy a disk with all that lies below it into an image of its own.") { source, target, sourceFormat, format };
        options.AddTo(command);
        command.SetAction(parsed => Run(() =>
        {
            using var progress = new ProgressLine("copied");
            NewDisk disk = options.Apply(parsed, new NewDisk(parsed.GetValue(target)!, null) { Format = ParseFormat(parsed.GetValue(format))!.Value });
            string from = parsed.GetValue(source)!;
            string? said = parsed.GetValue(sourceFormat);
            string? foreign = said is null ? ForeignFormat.Recognise(from) : ForeignFormat.Names.FirstOrDefault(name => name == said);
            if (foreign is not null)
                ForeignImage.Convert(from, foreign, disk);
            else
                _ = DiskConversion.Convert(from, ParseFormat(said), disk, progress);
            progress.Clear();
            return ExitCode.Success;
        }));
        return command;
    }

    private static Command BuildResize()
    {
        Argument<string> file = File("FILE", "The image.");
        var size = new Argument<string>("SIZE") { Description = "Bytes, or a number with K, M, G or T; with + in front so much more." };
        var shrink = new Option<bool>("--shrink") { Description = "Allow a smaller disk; what is beyond its end is lost.", Arity = ArgumentArity.Zero };
        Option<string> format = Format("--format", "What it is, where that is not to be recognised.", null);
        var command = new Command("resize", "Give a disk another size.") { file, size, shrink, format };
        command.SetAction(parsed => Run(() =>
        {
            string path = parsed.GetValue(file)!;
            string text = parsed.GetValue(size)!;
            DiskFormat? said = ParseFormat(parsed.GetValue(format));
            ulong bytes = text.StartsWith('+') ? DiskInspection.Describe(path, said).VirtualSize + DiskSize.Parse(text[1..]) : DiskSize.Parse(text);
            DiskChanges.Resize(path, said, bytes, parsed.GetValue(shrink));
            return ExitCode.Success;
        }));
        return command;
    }

    private static Command BuildSnapshot()
    {
        var command = new Command("snapshot", "Keep states of a disk inside its qcow2 image.");
        command.Add(BuildSnapshotChange("create", "Keep the disk as it is now.", (file, name) => DiskChanges.CreateSnapshot(file, name, TimeProvider.System.GetUtcNow())));
        command.Add(BuildSnapshotChange("apply", "Make the disk what it was. What it is now is lost.", DiskChanges.ApplySnapshot));
        command.Add(BuildSnapshotChange("delete", "Forget a state.", DiskChanges.DeleteSnapshot));
        Argument<string> file = File("FILE", "The image.");
        Option<bool> json = Json();
        var list = new Command("list", "Tell what states there are.") { file, json };
        list.SetAction(parsed => Run(() =>
        {
            DiskInfo info = DiskInspection.Describe(parsed.GetValue(file)!, null);
            if (info.Version is null)
                throw new UsageException($"{info.File} is no qcow2 image, and has no snapshots");
            Print(parsed.GetValue(json) ? DiskJson.Write(info.Snapshots) : DiskText.Describe(info.Snapshots));
            return ExitCode.Success;
        }));
        command.Add(list);
        command.SetAction(parsed => new HelpAction().Invoke(parsed));
        return command;
    }

    private static Command BuildSnapshotChange(string verb, string description, Action<string, string> change)
    {
        Argument<string> file = File("FILE", "The image.");
        var name = new Argument<string>("NAME") { Description = "The snapshot's name." };
        var command = new Command(verb, description) { file, name };
        command.SetAction(parsed => Run(() =>
        {
            change(parsed.GetValue(file)!, parsed.GetValue(name)!);
            return ExitCode.Success;
        }));
        return command;
    }

    private static int Run(Func<int> action)
    {
        try
        {
            return action();
        }
        catch (StorageException error)
        {
            throw new UsageException(error.Message.TrimEnd('.'), error);
        }
    }

    private static void Print(string text) => StandardOutput.Write(text);

    private static DiskFormat? ParseFormat(string? name) =>
        name is null ? null : DiskFormatNames.Find(name) ?? throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"{name} is neither raw nor qcow2"));

    private static Argument<string> File(string name, string description) => new(name) { Description = description };

    private static Option<bool> Json() => new("--json") { Description = "Print one JSON document, for programs.", Arity = ArgumentArity.Zero };

    private static Option<string> Format(string name, string description, string? otherwise)
    {
        var option = new Option<string>(name) { Description = description, HelpName = "FORMAT" };
        if (otherwise is not null)
            option.DefaultValueFactory = _ => otherwise;
        return option;
    }
}
